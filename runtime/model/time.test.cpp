#include "runtime/model/time.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

SCENARIO("times are written in UTC and read with any offset", "[time]") {
  CHECK(to_rfc3339(from_ms(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(from_ms(1'769'851'800'250)) == "2026-01-31T09:30:00.250Z");
  CHECK(parse_rfc3339("2026-01-31T11:30:00.25+02:00") == from_ms(1'769'851'800'250));
  CHECK(parse_rfc3339("2026-01-31T09:30:00Z") == from_ms(1'769'851'800'000));
  CHECK(parse_rfc3339("2026-01-31") == from_ms(1'769'817'600'000));
  CHECK(parse_rfc3339("2024-02-29T00:00:00.123456789Z") == from_ms(1'709'164'800'123));
}

SCENARIO("what is no time is not read as one", "[time]") {
  for (const auto* text : {"", "2026", "2026-02-30", "2026-13-01", "2026-01-31T25:00:00Z", "2026-01-31T09:30:00",
                           "2026-01-31T09:30:00.Z", "2026-01-31T09:30:00+25:00", "2026-01-31T09:30:00Z ", "yesterday"})
    CHECK_FALSE(parse_rfc3339(text));
}
