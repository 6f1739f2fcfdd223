#include "runtime/calendar/yearly_rule.hpp"

#include "runtime/calendar/working_days.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

using texts = std::vector<std::string>;

texts dates(std::string_view rule, int year, std::string_view start = "1997-07-04") {
  const auto parsed = parse_yearly_rule(rule);
  if (!parsed) FAIL(parsed.error());
  texts out;
  for (const auto date : dates_in_year(*parsed, parse_date(start).value(), year)) out.push_back(to_text(date));
  return out;
}

std::string refusal(std::string_view rule) {
  const auto parsed = parse_yearly_rule(rule);
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error();
}

} // namespace

TEST_CASE("without parts a rule recurs on its first date", "[yearly_rule]") {
  CHECK(dates("FREQ=YEARLY", 2026) == texts{"2026-07-04"});
  CHECK(dates("FREQ=YEARLY", 2026, "2024-02-29").empty());
  CHECK(dates("FREQ=YEARLY", 2028, "2024-02-29") == texts{"2028-02-29"});
}

TEST_CASE("months leave the day open", "[yearly_rule]") {
  CHECK(dates("FREQ=YEARLY;BYMONTH=6,7", 2026, "1997-06-10") == texts{"2026-06-10", "2026-07-10"});
  CHECK(dates("FREQ=YEARLY;BYMONTH=2,3", 2026, "2026-03-31") == texts{"2026-03-31"});
}

TEST_CASE("days of the month", "[yearly_rule]") {
  CHECK(dates("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25,26", 2026) == texts{"2026-12-25", "2026-12-26"});
  CHECK(dates("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", 2028) == texts{"2028-02-29"});
  CHECK(dates("FREQ=YEARLY;BYMONTHDAY=31", 2026).size() == 7);
}

TEST_CASE("weekdays are counted within the months that are named", "[yearly_rule]") {
  CHECK(dates("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", 2026) == texts{"2026-11-26"});
  CHECK(dates("FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", 2026) == texts{"2026-05-25"});
  CHECK(dates("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", 1997) == texts{"1997-03-06", "1997-03-13", "1997-03-20", "1997-03-27"});
  CHECK(dates("FREQ=YEARLY;BYMONTH=1;BYDAY=1MO,-1FR", 2026) == texts{"2026-01-05", "2026-01-30"});
}

TEST_CASE("weekdays are counted within the year otherwise", "[yearly_rule]") {
  CHECK(dates("FREQ=YEARLY;BYDAY=20MO", 1997) == texts{"1997-05-19"});
  CHECK(dates("FREQ=YEARLY;BYDAY=20MO", 1999) == texts{"1999-05-17"});
  CHECK(dates("FREQ=YEARLY;BYDAY=-1SU", 2026) == texts{"2026-12-27"});
  CHECK(dates("FREQ=YEARLY;BYDAY=53WE", 2025) == texts{"2025-12-31"});
  CHECK(dates("FREQ=YEARLY;BYDAY=53WE", 2026).empty());
  CHECK(dates("FREQ=YEARLY;BYDAY=FR", 2026).size() == 52);
}

TEST_CASE("weekdays limit days of the month", "[yearly_rule]") {
  // The American election day: the Tuesday after the first Monday of November.
  CHECK(dates("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", 2000) == texts{"2000-11-07"});
  CHECK(dates("FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=13", 2026) == texts{"2026-02-13", "2026-03-13", "2026-11-13"});
}

TEST_CASE("the parts beside the dates are read", "[yearly_rule]") {
  const auto rule = parse_yearly_rule("freq=yearly;interval=2;until=20301231T235959Z;wkst=MO").value();
  CHECK(rule.interval == 2);
  CHECK(rule.until == parse_date("2030-12-31"));
  CHECK_FALSE(rule.count.has_value());
  CHECK(parse_yearly_rule("FREQ=YEARLY;COUNT=3").value().count == 3);
}

TEST_CASE("what cannot be used is named", "[yearly_rule]") {
  CHECK(refusal("FREQ=WEEKLY") == "FREQ=WEEKLY is not supported, only FREQ=YEARLY");
  CHECK(refusal("FREQ=YEARLY;BYSETPOS=1").find("BYSETPOS is not supported") == 0);
  CHECK(refusal("FREQ=YEARLY;BYWEEKNO=20").find("BYWEEKNO is not supported") == 0);
  CHECK(refusal("FREQ=YEARLY;BYYEARDAY=1").find("BYYEARDAY is not supported") == 0);
  CHECK(refusal("BYMONTH=1").find("FREQ is missing") == 0);
  CHECK(refusal("").find("FREQ is missing") == 0);
  CHECK(refusal("FREQ=YEARLY;COUNT=1;UNTIL=20300101") == "COUNT and UNTIL must not stand in one rule");
  CHECK(refusal("FREQ=YEARLY;COUNT=0").find("COUNT must be 1 to 10000, not \"0\"") == 0);
  CHECK(refusal("FREQ=YEARLY;INTERVAL=x").find("INTERVAL must be") == 0);
  CHECK(refusal("FREQ=YEARLY;UNTIL=soon").find("UNTIL must be a date") == 0);
  CHECK(refusal("FREQ=YEARLY;BYMONTH=13") == "BYMONTH does not take \"13\"");
  CHECK(refusal("FREQ=YEARLY;BYMONTH=") == "BYMONTH does not take \"\"");
  CHECK(refusal("FREQ=YEARLY;BYMONTHDAY=1,,2") == "BYMONTHDAY does not take \"\"");
  CHECK(refusal("FREQ=YEARLY;BYMONTHDAY=0") == "BYMONTHDAY does not take \"0\"");
  CHECK(refusal("FREQ=YEARLY;BYDAY=4XX") == "BYDAY does not take \"4XX\"");
  CHECK(refusal("FREQ=YEARLY;BYDAY=54MO") == "BYDAY does not take \"54MO\"");
  CHECK(refusal("FREQ=YEARLY;BYDAY=0MO") == "BYDAY does not take \"0MO\"");
}
