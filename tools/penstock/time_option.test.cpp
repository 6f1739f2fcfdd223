#include "tools/penstock/time_option.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::cli;

TEST_CASE("times are dates, times, or how long ago", "[cli][time]") {
  const auto now = *parse_rfc3339("2026-01-31T10:00:00Z");
  const auto read = [&](const std::string& text) { return *read_time("--since", text, now); };
  CHECK(read("2026-01-30") == "2026-01-30");
  CHECK(read("2026-01-30T08:00:00+01:00") == "2026-01-30T08:00:00+01:00");
  CHECK(parse_rfc3339(read("2h")) == parse_rfc3339("2026-01-31T08:00:00Z"));
  CHECK(parse_rfc3339(read("3d")) == parse_rfc3339("2026-01-28T10:00:00Z"));
  for (const std::string wrong : {"yesterday", "", "2", "-2h", "2026-13-01", "2h30m"}) {
    const auto refused = read_time("--since", wrong, now);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == exit_code::usage);
    CHECK(refused.error().message.starts_with("--since takes a date"));
  }
}
