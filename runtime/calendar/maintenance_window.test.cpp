#include "runtime/calendar/maintenance_window.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

namespace {

timestamp at(std::string_view text) { return parse_rfc3339(text).value(); }
time_zone zone(std::string_view name) { return find_time_zone(name).value(); }

std::vector<maintenance_window> windows(std::string_view json) {
  const auto parsed = parse_maintenance_windows(read_json(json).value(), "maintenanceWindows");
  if (!parsed) FAIL(parsed.error().message);
  return *parsed;
}

/// Field and message of each problem.
std::string refusal(std::string_view json) {
  const auto parsed = parse_maintenance_windows(read_json(json).value(), "maintenanceWindows");
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == errc::invalid_argument);
  std::string out;
  for (const auto& p : parsed.error().problems) out += p.field + "|";
  return out + parsed.error().message;
}

bool inside(const maintenance_window& window, std::string_view zone_name, std::string_view t) {
  const auto span = window_around(window, zone(zone_name), at(t));
  if (span) CHECK((span->begin <= at(t) && at(t) < span->end));
  return span.has_value();
}

} // namespace

TEST_CASE("a single window has a start and an end", "[maintenance]") {
  const auto w = windows(R"([{"start": "2026-12-24T18:00:00Z", "end": "2026-12-27T07:00:00+01:00"}])").at(0);
  CHECK_FALSE(inside(w, "UTC", "2026-12-24T17:59:59.999Z"));
  CHECK(inside(w, "UTC", "2026-12-24T18:00:00Z"));
  CHECK(inside(w, "UTC", "2026-12-27T05:59:59.999Z"));
  CHECK_FALSE(inside(w, "UTC", "2026-12-27T06:00:00Z"));
}

TEST_CASE("a recurring window begins whenever its expression fires", "[maintenance]") {
  const auto w = windows(R"([{"cron": "0 2 * * SUN", "durationMinutes": 90}])").at(0);
  CHECK(inside(w, "Europe/Warsaw", "2026-11-22T01:00:00Z"));
  CHECK(inside(w, "Europe/Warsaw", "2026-11-22T02:29:59Z"));
  CHECK_FALSE(inside(w, "Europe/Warsaw", "2026-11-22T02:30:00Z"));
  CHECK_FALSE(inside(w, "Europe/Warsaw", "2026-11-22T00:59:00Z"));
  CHECK_FALSE(inside(w, "Europe/Warsaw", "2026-11-23T01:00:00Z"));
  // Windows that overlap one another.
  const auto always = windows(R"([{"cron": "0 * * * *", "durationMinutes": 120}])").at(0);
  CHECK(inside(always, "UTC", "2026-11-22T02:30:00Z"));
}

TEST_CASE("a weekly window may lie across midnight", "[maintenance]") {
  const auto w = windows(R"([{"days": ["fri", "MON"], "from": "22:00", "to": "02:00"}])").at(0);
  CHECK(std::get<weekly_window>(w) == weekly_window{0b0100010, 22 * 60, 2 * 60});
  CHECK(inside(w, "UTC", "2026-11-20T22:00:00Z"));
  CHECK(inside(w, "UTC", "2026-11-21T01:59:00Z"));
  CHECK_FALSE(inside(w, "UTC", "2026-11-21T02:00:00Z"));
  CHECK_FALSE(inside(w, "UTC", "2026-11-21T22:00:00Z"));
  CHECK_FALSE(inside(w, "UTC", "2026-11-20T01:00:00Z"));
  CHECK(inside(w, "America/New_York", "2026-11-21T03:00:00Z"));
  const auto span = window_around(w, time_zone{}, at("2026-11-21T01:00:00Z"));
  CHECK(span == time_span{at("2026-11-20T22:00:00Z"), at("2026-11-21T02:00:00Z")});
}

TEST_CASE("a weekly window without days is daily, and may be a whole day", "[maintenance]") {
  const auto w = windows(R"([{"from": "00:00", "to": "24:00"}])").at(0);
  CHECK(inside(w, "UTC", "2026-11-20T00:00:00Z"));
  CHECK(inside(w, "UTC", "2026-11-21T23:59:59.999Z"));
  const auto same = windows(R"([{"start": "06:00", "end": "06:00", "days": ["SUN"]}])").at(0);
  CHECK(inside(same, "UTC", "2026-11-22T06:00:00Z"));
  CHECK(inside(same, "UTC", "2026-11-23T05:59:00Z"));
  CHECK_FALSE(inside(same, "UTC", "2026-11-23T06:00:00Z"));
}

TEST_CASE("a weekly window goes by the clocks when they change", "[maintenance]") {
  const auto w = windows(R"([{"from": "02:00", "to": "03:00"}])").at(0);
  // 2026-10-25 in Warsaw: 02:00 to 03:00 comes twice, 00:00 to 02:00 UTC.
  for (const auto* t : {"2026-10-25T00:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z", "2026-10-25T01:59:59Z"})
    CHECK(inside(w, "Europe/Warsaw", t));
  CHECK_FALSE(inside(w, "Europe/Warsaw", "2026-10-24T23:59:59Z"));
  CHECK_FALSE(inside(w, "Europe/Warsaw", "2026-10-25T02:00:00Z"));
  // 2026-03-29: it does not come.
  CHECK_FALSE(inside(w, "Europe/Warsaw", "2026-03-29T00:59:59Z"));
  CHECK_FALSE(inside(w, "Europe/Warsaw", "2026-03-29T01:00:00Z"));
}

TEST_CASE("no windows are none", "[maintenance]") {
  CHECK(windows("null").empty());
  CHECK(windows("[]").empty());
}

TEST_CASE("every mistake in a window is told with its field", "[maintenance]") {
  CHECK(refusal("{}").find("maintenanceWindows must be a list") != std::string::npos);
  CHECK(refusal("[1]").find("maintenanceWindows[0]|") == 0);
  CHECK(refusal("[{}]").find("maintenanceWindows[0].start|maintenanceWindows[0].end|") == 0);
  CHECK(refusal(R"([{"start": 5, "end": "2026-01-01T00:00:00Z"}])").find("must be text, not an integer") !=
        std::string::npos);
  CHECK(refusal(R"([{"start": "2026-01-02T00:00:00Z", "end": "2026-01-02T00:00:00Z"}])").find("later than start") !=
        std::string::npos);
  CHECK(refusal(R"([{"start": "today", "end": "tomorrow"}])")
          .find("maintenanceWindows[0].start|maintenanceWindows[0].end|") == 0);
  CHECK(refusal(R"([{"cron": "61 * * * *", "durationMinutes": 0}])")
          .find("maintenanceWindows[0].durationMinutes|maintenanceWindows[0].cron|") == 0);
  CHECK(refusal(R"([{"cron": "1 * * * *"}])").find("1 to 44640") != std::string::npos);
  CHECK(refusal(R"([{"cron": "1 * * * *", "durationMinutes": 44641}])").find("1 to 44640") != std::string::npos);
  CHECK(refusal(R"([{"from": "24:00", "to": "06:00"}])").find("maintenanceWindows[0].from|") == 0);
  CHECK(refusal(R"([{"from": "22:00", "to": "24:01"}])").find("maintenanceWindows[0].to|") == 0);
  CHECK(refusal(R"([{"from": "22:00", "to": "6:00"}])").find("maintenanceWindows[0].to|") == 0);
  CHECK(refusal(R"([{"days": [], "from": "22:00", "to": "06:00"}])").find("maintenanceWindows[0].days|") == 0);
  CHECK(refusal(R"([{"days": ["MON", "XYZ"], "from": "22:00", "to": "06:00"}])").find("MON, TUE") != std::string::npos);
  CHECK(refusal(R"([{"days": "MON", "from": "22:00", "to": "06:00"}])").find("MON, TUE") != std::string::npos);
  // Those of several windows together.
  CHECK(refusal(R"([{"from": "1", "to": "2", "days": ["MON"]}, {"cron": "* * * * *", "durationMinutes": 1}, 7])")
          .find("maintenanceWindows[0].from|maintenanceWindows[0].to|maintenanceWindows[2]|") == 0);
}

TEST_CASE("there may be 32 windows", "[maintenance]") {
  std::string text = "[";
  for (int i = 0; i < 33; ++i) text += std::string{i ? "," : ""} + R"({"from": "01:00", "to": "02:00"})";
  CHECK(refusal(text + "]").find("at most 32") != std::string::npos);
}
