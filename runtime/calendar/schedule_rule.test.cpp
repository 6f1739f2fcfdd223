#include "runtime/calendar/schedule_rule.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

namespace {

timestamp at(std::string_view text) { return parse_rfc3339(text).value(); }

schedule_rule rule(std::string_view cron, std::string_view zone = "UTC") {
  schedule_rule out;
  out.cron = parse_cron(cron).value();
  out.zone = find_time_zone(zone).value();
  return out;
}

using texts = std::vector<std::string>;

texts next(const schedule_rule& r, std::string_view from, std::size_t n) {
  texts out;
  const auto firings = preview(r, at(from), n);
  for (const auto t : firings) out.push_back(to_rfc3339(t).substr(0, 16));
  // The way back is the same way.
  for (std::size_t i = firings.size(); i-- > 0;) {
    CHECK(previous_firing(r, firings[i]) == firings[i]);
    if (i > 0) CHECK(previous_firing(r, firings[i] - milliseconds{1}) == firings[i - 1]);
  }
  return out;
}

weekly_window daily(std::uint16_t from, std::uint16_t to) { return {0x7f, from, to}; }

} // namespace

TEST_CASE("a rule without restrictions is its expression", "[schedule_rule]") {
  CHECK(next(rule("0 2 * * *", "Europe/Warsaw"), "2026-01-01T00:00:00Z", 2) ==
        texts{"2026-01-01T01:00", "2026-01-02T01:00"});
  CHECK(preview(rule("* * * * *"), at("2026-01-01T00:00:00Z"), 0).empty());
}

TEST_CASE("business days go by the schedule's zone", "[schedule_rule]") {
  auto r = rule("30 23 * * *", "America/New_York");
  r.business_days_only = true;
  // Friday evening in New York is Saturday in UTC.
  CHECK(next(r, "2026-11-19T12:00:00Z", 3) == texts{"2026-11-20T04:30", "2026-11-21T04:30", "2026-11-24T04:30"});
  r.business_weekdays = 1; // Sundays.
  CHECK(next(r, "2026-11-19T12:00:00Z", 1) == texts{"2026-11-23T04:30"});
}

TEST_CASE("holidays are skipped if asked for", "[schedule_rule]") {
  const holiday_calendar calendar{{{parse_date("2026-12-25").value(), ""}, {parse_date("2026-12-26").value(), ""}}};
  auto r = rule("0 12 * * *");
  r.holidays = &calendar;
  CHECK(next(r, "2026-12-24T13:00:00Z", 1) == texts{"2026-12-25T12:00"});
  r.skip_holidays = true;
  CHECK(next(r, "2026-12-24T11:00:00Z", 2) == texts{"2026-12-24T12:00", "2026-12-27T12:00"});
  r.skip_holidays = false;
  r.business_days_only = true;
  CHECK(next(r, "2026-12-24T13:00:00Z", 1) == texts{"2026-12-25T12:00"});
  r.business_days_only = false;
  r.skip_holidays = true;
  r.holidays = nullptr;
  CHECK(next(r, "2026-12-24T13:00:00Z", 1) == texts{"2026-12-25T12:00"});
}

TEST_CASE("what falls into a window is skipped, not put off", "[schedule_rule]") {
  auto r = rule("*/30 * * * *");
  r.windows = {single_window{at("2026-11-22T01:00:00Z"), at("2026-11-22T03:00:00Z")}, daily(3 * 60, 3 * 60 + 20)};
  CHECK(next(r, "2026-11-22T00:00:00Z", 3) == texts{"2026-11-22T00:30", "2026-11-22T03:30", "2026-11-22T04:00"});
}

TEST_CASE("all restrictions together", "[schedule_rule]") {
  const holiday_calendar calendar{{{parse_date("2026-11-23").value(), ""}}};
  auto r = rule("0 */6 * * *", "Europe/Warsaw");
  r.business_days_only = true;
  r.skip_holidays = true;
  r.holidays = &calendar;
  r.windows = {recurring_window{parse_cron("0 0 * * TUE").value(), std::chrono::hours{7}}};
  CHECK(next(r, "2026-11-20T12:00:00Z", 3) == texts{"2026-11-20T17:00", "2026-11-24T11:00", "2026-11-24T17:00"});
}

TEST_CASE("days are taken whole when the clocks go back across midnight", "[schedule_rule]") {
  // St. John's, 2010-11-07 00:01 became 2010-11-06 23:01: Saturday's last hour came twice, after a minute of Sunday.
  auto r = rule("*/20 * * * *", "America/St_Johns");
  r.business_days_only = true;
  r.business_weekdays = 1 << 6;
  CHECK(next(r, "2010-11-07T02:00:00Z", 6) == texts{"2010-11-07T02:10", "2010-11-07T02:50", "2010-11-07T03:10",
                                                    "2010-11-13T03:30", "2010-11-13T03:50", "2010-11-13T04:10"});
}

TEST_CASE("weekly windows end and begin with a change of the clocks", "[schedule_rule]") {
  // 2026-10-25 in Warsaw: 02:00 to 03:00 comes twice, from 00:00 UTC on. Half of it is free, both times.
  auto r = rule("*/20 * * * *", "Europe/Warsaw");
  r.windows = {daily(2 * 60 + 30, 4 * 60)};
  CHECK(next(r, "2026-10-24T23:40:00Z", 6) == texts{"2026-10-25T00:00", "2026-10-25T00:20", "2026-10-25T01:00",
                                                    "2026-10-25T01:20", "2026-10-25T03:00", "2026-10-25T03:20"});
  r.windows = {daily(60 + 30, 2 * 60 + 30)};
  CHECK(next(r, "2026-10-24T23:00:00Z", 4) ==
        texts{"2026-10-24T23:20", "2026-10-25T00:40", "2026-10-25T01:40", "2026-10-25T02:00"});
}

TEST_CASE("nothing is looked for beyond nine years", "[schedule_rule]") {
  auto r = rule("0 0 * * *");
  r.windows = {single_window{at("2026-01-01T00:00:00Z"), at("2036-01-01T00:00:00Z")}};
  CHECK_FALSE(next_firing(r, at("2026-06-01T00:00:00Z")).has_value());
  CHECK(next_firing(r, at("2027-06-01T00:00:00Z")) == at("2036-01-01T00:00:00Z"));
  CHECK_FALSE(previous_firing(r, at("2035-12-31T00:00:00Z")).has_value());
  CHECK(previous_firing(r, at("2034-12-31T00:00:00Z")) == at("2025-12-31T00:00:00Z"));
}

TEST_CASE("a rule that never fires is found out", "[schedule_rule]") {
  const auto now = at("2026-11-22T00:00:00Z");
  auto r = rule("0 9 * * SUN");
  CHECK(check_rule(r, now).empty());
  r.business_days_only = true;
  CHECK_FALSE(next_firing(r, now).has_value());
  CHECK_FALSE(previous_firing(r, now).has_value());
  auto problems = check_rule(r, now);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].field == "businessDaysOnly");
  CHECK(problems[0].message.find("never fire") != std::string::npos);

  r.business_days_only = false;
  r.windows = {daily(8 * 60, 10 * 60)};
  problems = check_rule(r, now);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].field == "maintenanceWindows");

  // Each of them would be enough.
  r.business_days_only = true;
  problems = check_rule(r, now);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].field == "businessDaysOnly");
  CHECK(problems[1].field == "maintenanceWindows");
}

TEST_CASE("too many windows are refused before they are looked at", "[schedule_rule]") {
  auto r = rule("* * * * *");
  r.windows.assign(maintenance_windows_max + 1, daily(0, 60));
  const auto problems = check_rule(r, at("2026-11-22T00:00:00Z"));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message.find("at most 32") != std::string::npos);
}

TEST_CASE("windows that leave nothing over are given up on soon", "[schedule_rule]") {
  auto r = rule("* * * * *");
  r.windows = {recurring_window{parse_cron("* * * * *").value(), std::chrono::minutes{1}}};
  CHECK_FALSE(next_firing(r, at("2026-11-22T00:00:00Z")).has_value());
  CHECK_FALSE(previous_firing(r, at("2026-11-22T00:00:00Z")).has_value());
  CHECK(check_rule(r, at("2026-11-22T00:00:00Z")).at(0).field == "maintenanceWindows");
}

TEST_CASE("a preview of a rule that is ruled out nearly always ends soon", "[schedule_rule]") {
  auto r = rule("* * * * *"); // But at midnight only.
  for (const auto* minutes : {"1-59 * * * *", "0 1-23 * * *"})
    r.windows.push_back(recurring_window{parse_cron(minutes).value(), std::chrono::minutes{1}});
  const auto firings = preview(r, at("2026-11-22T00:00:00Z"), 1'000);
  CHECK(firings.size() == preview_ruled_out_max / (24 * 60 - 1));
  CHECK(firings.front() == at("2026-11-23T00:00:00Z"));
}

TEST_CASE("a rule on the 29th of February waits for a business day", "[schedule_rule]") {
  auto r = rule("0 0 29 2 *");
  r.business_days_only = true;
  CHECK(next(r, "2026-01-01T00:00:00Z", 2) == texts{"2028-02-29T00:00", "2036-02-29T00:00"});
}
