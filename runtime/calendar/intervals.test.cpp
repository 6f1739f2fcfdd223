#include "runtime/calendar/intervals.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

namespace {

backfill_intervals intervals(std::string_view from, std::string_view to, granularity each,
                             std::string_view zone = "UTC") {
  const auto made =
    backfill_intervals::make({.from = from, .to = to, .each = each, .zone = find_time_zone(zone).value()});
  if (!made) FAIL(made.error().message);
  // They lie side by side.
  for (std::uint64_t n = 1; n < made->size(); ++n) CHECK((*made)[n - 1].end == (*made)[n].begin);
  return *made;
}

std::string text(time_span span) {
  return to_rfc3339(span.begin).substr(0, 16) + " " + to_rfc3339(span.end).substr(0, 16);
}

std::string refusal(std::string_view from, std::string_view to, granularity each = granularity::daily,
                    std::string_view zone = "UTC") {
  const auto made =
    backfill_intervals::make({.from = from, .to = to, .each = each, .zone = find_time_zone(zone).value()});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == errc::invalid_argument);
  REQUIRE(made.error().problems.size() == 1);
  return made.error().problems[0].field + ": " + made.error().message;
}

} // namespace

TEST_CASE("both dates are included", "[intervals]") {
  const auto november = intervals("2025-11-01", "2025-11-30", granularity::daily);
  REQUIRE(november.size() == 30);
  CHECK(text(november[0]) == "2025-11-01T00:00 2025-11-02T00:00");
  CHECK(text(november[29]) == "2025-11-30T00:00 2025-12-01T00:00");
  CHECK(intervals("2025-11-01", "2025-11-01", granularity::daily).size() == 1);
  CHECK(intervals("2025-11-01", "2025-11-01", granularity::hourly).size() == 24);
  CHECK(intervals("2025-11-01", "2025-11-01", granularity::monthly).size() == 1);
}

TEST_CASE("days go by the zone's clocks", "[intervals]") {
  const auto days = intervals("2026-03-28", "2026-03-30", granularity::daily, "Europe/Warsaw");
  REQUIRE(days.size() == 3);
  CHECK(text(days[0]) == "2026-03-27T23:00 2026-03-28T23:00");
  CHECK(text(days[1]) == "2026-03-28T23:00 2026-03-29T22:00");
  CHECK(text(days[2]) == "2026-03-29T22:00 2026-03-30T22:00");
}

TEST_CASE("a day on which the clocks change has 23 or 25 hours", "[intervals]") {
  CHECK(intervals("2026-03-29", "2026-03-29", granularity::hourly, "Europe/Warsaw").size() == 23);
  CHECK(intervals("2026-10-25", "2026-10-25", granularity::hourly, "Europe/Warsaw").size() == 25);
  CHECK(intervals("2026-03-01", "2026-03-31", granularity::hourly, "Europe/Warsaw").size() == 31 * 24 - 1);
  CHECK(intervals("2026-01-01", "2026-12-31", granularity::hourly, "Europe/Warsaw").size() == 365 * 24);
  // 24.5 hours: the last one is shorter.
  const auto lord_howe = intervals("2026-04-05", "2026-04-05", granularity::hourly, "Australia/Lord_Howe");
  REQUIRE(lord_howe.size() == 25);
  CHECK(text(lord_howe[24]) == "2026-04-05T13:00 2026-04-05T13:30");
}

TEST_CASE("weeks begin on the weekday of the first date and end with the last date", "[intervals]") {
  const auto whole = intervals("2025-11-03", "2025-11-30", granularity::weekly);
  REQUIRE(whole.size() == 4);
  CHECK(text(whole[3]) == "2025-11-24T00:00 2025-12-01T00:00");
  const auto cut = intervals("2025-11-01", "2025-11-30", granularity::weekly);
  REQUIRE(cut.size() == 5);
  CHECK(text(cut[1]) == "2025-11-08T00:00 2025-11-15T00:00");
  CHECK(text(cut[4]) == "2025-11-29T00:00 2025-12-01T00:00");
}

TEST_CASE("months begin on the day of the first date, or on a shorter month's last", "[intervals]") {
  const auto year = intervals("2025-01-01", "2025-12-31", granularity::monthly);
  REQUIRE(year.size() == 12);
  CHECK(text(year[1]) == "2025-02-01T00:00 2025-03-01T00:00");
  const auto late = intervals("2025-01-31", "2025-04-15", granularity::monthly);
  REQUIRE(late.size() == 3);
  CHECK(text(late[0]) == "2025-01-31T00:00 2025-02-28T00:00");
  CHECK(text(late[1]) == "2025-02-28T00:00 2025-03-31T00:00");
  CHECK(text(late[2]) == "2025-03-31T00:00 2025-04-16T00:00");
}

TEST_CASE("times are ends as well, and a last interval that holds one is whole", "[intervals]") {
  const auto hours = intervals("2025-11-01T06:30:00Z", "2025-11-01T09:30:00Z", granularity::hourly);
  REQUIRE(hours.size() == 4);
  CHECK(text(hours[0]) == "2025-11-01T06:30 2025-11-01T07:30");
  CHECK(text(hours[3]) == "2025-11-01T09:30 2025-11-01T10:30");
  CHECK(intervals("2025-11-01T06:30:00Z", "2025-11-01T09:29:59Z", granularity::hourly).size() == 3);
  CHECK(intervals("2025-11-01T00:00:00Z", "2025-11-30T00:00:00Z", granularity::daily).size() == 30);
  CHECK(intervals("2025-11-01T00:00:00+01:00", "2025-11-02", granularity::daily).size() == 3);
  CHECK(intervals("2025-11-01T00:00:00Z", "2025-11-01T00:00:00Z", granularity::weekly).size() == 1);
  // By the clocks of the zone: noon stays noon.
  const auto noon = intervals("2026-03-28T11:00:00Z", "2026-03-30T11:00:00Z", granularity::daily, "Europe/Warsaw");
  REQUIRE(noon.size() == 3);
  CHECK(text(noon[1]) == "2026-03-29T10:00 2026-03-30T10:00");
}

TEST_CASE("the day that Samoa left out has no length", "[intervals]") {
  const auto days = intervals("2011-12-29", "2011-12-31", granularity::daily, "Pacific/Apia");
  REQUIRE(days.size() == 3);
  CHECK(days[1].begin == days[1].end);
  CHECK(intervals("2011-12-29", "2011-12-31", granularity::hourly, "Pacific/Apia").size() == 48);
  CHECK(refusal("2011-12-30", "2011-12-30", granularity::daily, "Pacific/Apia") ==
        "from: Pacific/Apia has no \"2011-12-30\"");
}

TEST_CASE("ends in the wrong order are refused by name", "[intervals]") {
  CHECK(refusal("2025-12-01", "2025-11-30") == "from: from \"2025-12-01\" lies after to \"2025-11-30\"");
  CHECK(refusal("2025-12-01T00:00:00.001Z", "2025-12-01T00:00:00Z").find("lies after") != std::string::npos);
}

TEST_CASE("what is no date is refused by field", "[intervals]") {
  CHECK(refusal("2025-02-29", "2025-11-30").find("from: from must be a date such as") == 0);
  CHECK(refusal("2025-02-28", "tomorrow").find("to: to must be a date such as") == 0);
  CHECK(refusal("", "2025-11-30").find("from: ") == 0);
  CHECK(refusal("2025-02-28", std::string(10'000, 'x')).size() < 300);
}

TEST_CASE("there may be 100,000 intervals", "[intervals]") {
  const auto from = "2000-01-01T00:00:00Z";
  CHECK(intervals(from, "2011-05-29T15:00:00Z", granularity::hourly).size() == 100'000);
  CHECK(refusal(from, "2011-05-29T16:00:00Z", granularity::hourly).find("at most 100000 intervals, not 100001") !=
        std::string::npos);
  CHECK(refusal("0001-01-01", "9999-12-31", granularity::hourly).find("at most 100000") != std::string::npos);
  CHECK(refusal("0001-01-01", "9999-12-31", granularity::daily).find("at most 100000") != std::string::npos);
}
