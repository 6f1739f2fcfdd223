#include "runtime/calendar/working_days.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {
local_days date(std::string_view text) { return parse_date(text).value(); }
} // namespace

TEST_CASE("dates are read and written as they are", "[working_days]") {
  CHECK(to_text(date("2026-12-25")) == "2026-12-25");
  CHECK(to_text(date("0007-02-03")) == "0007-02-03");
  CHECK(date("2028-02-29") + std::chrono::days{1} == date("2028-03-01"));
  for (const auto* text : {"", "2026-12-2", "2026-12-255", "2026-02-29", "2026-13-01", "2026-00-01", "2026-1-001",
                           "26-12-25xx", "2026/12/25", "+026-12-25", "2026--1-25", " 026-12-25"})
    CHECK_FALSE(parse_date(text).has_value());
}

TEST_CASE("business days are Monday to Friday", "[working_days]") {
  CHECK(is_on_weekday(date("2026-11-20"), monday_to_friday));
  CHECK_FALSE(is_on_weekday(date("2026-11-21"), monday_to_friday));
  CHECK_FALSE(is_on_weekday(date("2026-11-22"), monday_to_friday));
  CHECK(is_on_weekday(date("2026-11-23"), monday_to_friday));
  CHECK(is_on_weekday(date("2026-11-22"), 1));
}

TEST_CASE("a holiday calendar is a set of dates", "[working_days]") {
  const holiday_calendar calendar{
    {{date("2026-12-25"), "Christmas"}, {date("2026-01-01"), "New Year"}, {date("2026-12-25"), "once more"}}};
  REQUIRE(calendar.days().size() == 2);
  CHECK(calendar.days()[0].name == "New Year");
  CHECK(calendar.days()[1].name == "Christmas");
  CHECK(calendar.contains(date("2026-12-25")));
  CHECK(calendar.contains(date("2026-01-01")));
  CHECK_FALSE(calendar.contains(date("2026-12-24")));
  CHECK_FALSE(calendar.contains(date("2027-01-01")));
  CHECK_FALSE(holiday_calendar{}.contains(date("2026-12-25")));
}
