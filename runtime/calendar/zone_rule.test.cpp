#include "runtime/calendar/zone_rule.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

/// The changes of one year as "2026-03-29T01:00 +7200".
texts changes(std::string_view rule, int year) {
  texts out;
  for (const auto& [at, offset] : changes_of(parse_zone_rule(rule).value(), year, year))
    out.push_back(to_rfc3339(at).substr(0, 16) + " " + std::to_string(offset.count()));
  return out;
}

} // namespace

TEST_CASE("a zone rule gives two changes a year", "[zone_rule]") {
  CHECK(changes("CET-1CEST,M3.5.0,M10.5.0/3", 2026) == texts{"2026-03-29T01:00 7200", "2026-10-25T01:00 3600"});
  CHECK(changes("EST5EDT,M3.2.0,M11.1.0", 2026) == texts{"2026-03-08T07:00 -14400", "2026-11-01T06:00 -18000"});
  // South of the equator, by half an hour, with names in brackets.
  CHECK(changes("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2026) ==
        texts{"2026-04-04T15:00 37800", "2026-10-03T15:30 39600"});
  // Daylight saving that is standard time less an hour.
  CHECK(changes("IST-1GMT0,M10.5.0,M3.5.0/1", 2026) == texts{"2026-03-29T01:00 3600", "2026-10-25T01:00 0"});
  // On the day before, and two days after.
  CHECK(changes("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026) == texts{"2026-03-29T01:00 -3600", "2026-10-25T01:00 -7200"});
  CHECK(changes("EET-2EEST,M3.4.4/50,M10.4.4/50", 2026) == texts{"2026-03-28T00:00 10800", "2026-10-23T23:00 7200"});
}

TEST_CASE("days of the year are counted with and without 29 February", "[zone_rule]") {
  CHECK(changes("AAA0BBB,J60/0,J365/1", 2028) == texts{"2028-03-01T00:00 3600", "2028-12-31T00:00 0"});
  CHECK(changes("AAA0BBB,59/0,364/1", 2028) == texts{"2028-02-29T00:00 3600", "2028-12-30T00:00 0"});
}

TEST_CASE("a rule without daylight saving changes nothing", "[zone_rule]") {
  const auto rule = parse_zone_rule("<+0545>-5:45");
  REQUIRE(rule.has_value());
  CHECK(rule->offset == 5h + 45min);
  CHECK(changes_of(*rule, 2026, 2030).empty());
}

TEST_CASE("what is no rule is not read", "[zone_rule]") {
  for (const auto* text :
       {"", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/",
        "CET-1CEST,M3.5.0,M10.5.0x", "<+10", "C-1", "CET-999", "CET-1CEST,J0,J1", "CET-1:60", "CET-1CEST,366,J1"})
    CHECK_FALSE(parse_zone_rule(text).has_value());
}
