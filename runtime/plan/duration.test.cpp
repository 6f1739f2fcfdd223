#include "runtime/plan/duration.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace penstock;

TEST_CASE("durations are seconds or a number with a unit", "[duration]") {
  CHECK(parse_duration(value{5}) == 5'000u);
  CHECK(parse_duration(value{0}) == 0u);
  CHECK(parse_duration(value{0.25}) == 250u);
  CHECK(parse_duration(value{"500ms"}) == 500u);
  CHECK(parse_duration(value{"30s"}) == 30'000u);
  CHECK(parse_duration(value{"1.5m"}) == 90'000u);
  CHECK(parse_duration(value{"2h"}) == 7'200'000u);
  CHECK(parse_duration(value{"1d"}) == 86'400'000u);
  CHECK(parse_duration(value{"3650d"}) == duration_max_ms);
}

TEST_CASE("what is no duration is refused", "[duration]") {
  for (const auto* text :
       {"", "5", "s", "5 s", "5x", "-5s", "1h30m", "1e3s", "infs", "nans", " 5s", "3651d", "99999999999999999999d"})
    CHECK_FALSE(parse_duration(value{text}).has_value());
  CHECK_FALSE(parse_duration(value{-1}).has_value());
  CHECK_FALSE(parse_duration(value{true}).has_value());
  CHECK_FALSE(parse_duration(value{}).has_value());
  CHECK_FALSE(parse_duration(value{std::numeric_limits<double>::quiet_NaN()}).has_value());
  CHECK_FALSE(parse_duration(value{std::numeric_limits<std::int64_t>::max()}).has_value());
}
