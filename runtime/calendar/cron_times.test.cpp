#include "runtime/calendar/cron_times.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace penstock;

namespace {

time_zone zone(std::string_view name) { return find_time_zone(name).value(); }
timestamp at(std::string_view text) { return parse_rfc3339(text).value(); }

/// The next `n` firings after `from`, without milliseconds.
std::vector<std::string> next(std::string_view cron, std::string_view zone_name, std::string_view from, int n) {
  const auto fields = parse_cron(cron).value();
  std::vector<std::string> out;
  auto t = at(from);
  for (int i = 0; i < n; ++i) {
    const auto found = next_time(fields, zone(zone_name), t);
    if (!found) break;
    t = *found;
    auto text = to_rfc3339(t);
    out.push_back(text.substr(0, 19) + text.substr(text.size() - 1));
    // The way back is the same way.
    CHECK(previous_time(fields, zone(zone_name), t) == t);
    CHECK(previous_time(fields, zone(zone_name), t + milliseconds{1}) == t);
  }
  return out;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("the instant asked from is excluded", "[cron_times]") {
  CHECK(next("0 2 * * *", "UTC", "2026-01-01T02:00:00Z", 1) == texts{"2026-01-02T02:00:00Z"});
  CHECK(next("0 2 * * *", "UTC", "2026-01-01T01:59:59.999Z", 1) == texts{"2026-01-01T02:00:00Z"});
  CHECK(next("* * * * *", "UTC", "2026-01-01T02:00:00.001Z", 2) ==
        texts{"2026-01-01T02:01:00Z", "2026-01-01T02:02:00Z"});
}

TEST_CASE("02:00 in Warsaw is 01:00 UTC in winter and 00:00 in summer", "[cron_times]") {
  CHECK(next("0 2 * * *", "Europe/Warsaw", "2026-01-01T00:00:00Z", 1) == texts{"2026-01-01T01:00:00Z"});
  CHECK(next("0 2 * * *", "Europe/Warsaw", "2026-07-01T00:00:00Z", 1) == texts{"2026-07-02T00:00:00Z"});
}

TEST_CASE("fields are jumped over at their ends", "[cron_times]") {
  CHECK(next("59 23 31 12 *", "UTC", "2025-12-31T23:59:00Z", 1) == texts{"2026-12-31T23:59:00Z"});
  CHECK(next("5,10 6 * * *", "UTC", "2026-03-01T06:05:00Z", 2) ==
        texts{"2026-03-01T06:10:00Z", "2026-03-02T06:05:00Z"});
  CHECK(next("0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", 3) ==
        texts{"2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z", "2026-07-31T00:00:00Z"});
  CHECK(next("0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z", 2) == texts{"2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"});
}

TEST_CASE("either of two restricted day fields suffices", "[cron_times]") {
  CHECK(next("0 0 13 * 5", "UTC", "2026-02-01T00:00:00Z", 5) == texts{"2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z",
                                                                      "2026-02-20T00:00:00Z", "2026-02-27T00:00:00Z",
                                                                      "2026-03-06T00:00:00Z"});
  CHECK(next("0 0 30 2 1", "UTC", "2026-02-20T00:00:00Z", 2) == texts{"2026-02-23T00:00:00Z", "2027-02-01T00:00:00Z"});
  // A stepped star restricts.
  CHECK(next("0 0 */10 * 0", "UTC", "2026-11-01T00:00:00Z", 4) ==
        texts{"2026-11-08T00:00:00Z", "2026-11-11T00:00:00Z", "2026-11-15T00:00:00Z", "2026-11-21T00:00:00Z"});
}

TEST_CASE("29 February is found across a century without one", "[cron_times]") {
  CHECK(next("0 0 29 2 *", "UTC", "2096-02-29T00:00:00Z", 1) == texts{"2104-02-29T00:00:00Z"});
  CHECK(next("* * 29 2 *", "Europe/Warsaw", "2096-02-29T22:59:00Z", 1) == texts{"2104-02-28T23:00:00Z"});
  CHECK(next("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2) == texts{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"});
}

TEST_CASE("a fixed hour that is skipped fires at the end of the gap", "[cron_times]") {
  // 2026-03-29 in Warsaw: 02:00 becomes 03:00, at 01:00 UTC.
  CHECK(next("30 2 * * *", "Europe/Warsaw", "2026-03-28T12:00:00Z", 2) ==
        texts{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"});
  // What the gap skips fires once, also together with what is due at its end.
  CHECK(next("*/20 2,3 * * *", "Europe/Warsaw", "2026-03-28T12:00:00Z", 4) ==
        texts{"2026-03-29T01:00:00Z", "2026-03-29T01:20:00Z", "2026-03-29T01:40:00Z", "2026-03-30T00:00:00Z"});
  // Midnight does not exist: Beirut, 2026-03-29.
  CHECK(next("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00:00Z", 2) ==
        texts{"2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"});
}

TEST_CASE("a fixed hour that is repeated fires at its first passing only", "[cron_times]") {
  // 2026-10-25 in Warsaw: 03:00 becomes 02:00, at 01:00 UTC.
  CHECK(next("30 2 * * *", "Europe/Warsaw", "2026-10-24T12:00:00Z", 2) ==
        texts{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"});
  CHECK(next("*/30 2,3 * * *", "Europe/Warsaw", "2026-10-24T12:00:00Z", 5) ==
        texts{"2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:30:00Z",
              "2026-10-26T01:00:00Z"});
  // Asked from within the second passing.
  CHECK(next("30 2 * * *", "Europe/Warsaw", "2026-10-25T01:10:00Z", 1) == texts{"2026-10-26T01:30:00Z"});
  const auto fields = parse_cron("30 2 * * *").value();
  CHECK(previous_time(fields, zone("Europe/Warsaw"), at("2026-10-25T01:10:00Z")) == at("2026-10-25T00:30:00Z"));
}

TEST_CASE("with all hours every real hour counts", "[cron_times]") {
  CHECK(next("30 * * * *", "Europe/Warsaw", "2026-03-29T00:00:00Z", 3) ==
        texts{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"});
  CHECK(next("30 * * * *", "Europe/Warsaw", "2026-10-25T00:00:00Z", 3) ==
        texts{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"});
  CHECK(next("30 0-23 * * *", "Europe/Warsaw", "2026-10-25T00:00:00Z", 2) ==
        texts{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"});
}

TEST_CASE("a stepped hour is a list of fixed hours", "[cron_times]") {
  CHECK(next("0 */2 * * *", "Europe/Warsaw", "2026-03-28T23:00:00Z", 3) ==
        texts{"2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29T04:00:00Z"});
  CHECK(next("0 */2 * * *", "Europe/Warsaw", "2026-10-24T22:00:00Z", 3) ==
        texts{"2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z", "2026-10-25T05:00:00Z"});
}

TEST_CASE("half an hour at Lord Howe", "[cron_times]") {
  // 2026-10-04: 02:00 becomes 02:30, at 15:30 UTC the day before. 2026-04-05: 02:00 becomes 01:30, at 15:00 UTC.
  CHECK(next("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2) ==
        texts{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"});
  CHECK(next("*/15 * * * *", "Australia/Lord_Howe", "2026-10-03T15:00:00Z", 3) ==
        texts{"2026-10-03T15:15:00Z", "2026-10-03T15:30:00Z", "2026-10-03T15:45:00Z"});
  CHECK(next("0 * * * *", "Australia/Lord_Howe", "2026-10-03T14:30:00Z", 2) ==
        texts{"2026-10-03T16:00:00Z", "2026-10-03T17:00:00Z"});
  CHECK(next("45 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 3) ==
        texts{"2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-04T16:15:00Z"});
  CHECK(next("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 2) ==
        texts{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"});
}

TEST_CASE("the day that Samoa left out", "[cron_times]") {
  // 2011-12-30 did not come: at 10:00 UTC of that date the clocks went from the 29th, midnight, to the 31st.
  CHECK(next("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3) ==
        texts{"2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z", "2011-12-31T19:00:00Z"});
  CHECK(next("0 0,9 29-31 12 *", "Pacific/Apia", "2011-12-29T10:00:00Z", 3) ==
        texts{"2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"});
  CHECK(next("0 9 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", 1) == texts{"2012-12-29T19:00:00Z"});
  CHECK_FALSE(previous_time(parse_cron("0 9 30 12 *").value(), zone("Pacific/Apia"), at("2011-12-31T00:00:00Z")) ==
              at("2011-12-30T10:00:00Z"));
  CHECK(next("0 * 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", 1) == texts{"2012-12-29T10:00:00Z"});
}

TEST_CASE("a day that came twice", "[cron_times]") {
  // Alaska changed sides of the date line on 1867-10-19 at 15:33: the noon of the 19th came twice.
  const auto noons = next("0 12 17-20 10 *", "America/Juneau", "1867-10-16T00:00:00Z", 4);
  CHECK(noons == texts{"1867-10-16T20:57:41Z", "1867-10-17T20:57:41Z", "1867-10-18T20:57:41Z", "1867-10-20T20:57:41Z"});
}

TEST_CASE("no firing, no answer", "[cron_times]") {
  CHECK_FALSE(next_time(cron_fields{}, time_zone{}, at("2026-01-01T00:00:00Z")).has_value());
  CHECK_FALSE(previous_time(cron_fields{}, time_zone{}, at("2026-01-01T00:00:00Z")).has_value());
  auto never = parse_cron("0 0 * * *").value();
  never.days = 1u << 31;
  never.months = 1u << 2;
  CHECK_FALSE(next_time(never, time_zone{}, at("2026-01-01T00:00:00Z")).has_value());
  CHECK_FALSE(previous_time(never, time_zone{}, at("2026-01-01T00:00:00Z")).has_value());
  never.hours = (1u << 24) - 1;
  CHECK_FALSE(next_time(never, zone("Europe/Warsaw"), at("2026-01-01T00:00:00Z")).has_value());
  CHECK_FALSE(previous_time(never, zone("Europe/Warsaw"), at("2026-01-01T00:00:00Z")).has_value());
}

TEST_CASE("times that cannot be written give no answer", "[cron_times]") {
  const auto daily = parse_cron("0 0 * * *").value();
  for (const auto ms : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    CHECK_FALSE(next_time(daily, time_zone{}, from_ms(ms)).has_value());
    CHECK_FALSE(previous_time(daily, time_zone{}, from_ms(ms)).has_value());
  }
  CHECK(next("0 0 * * *", "Europe/Warsaw", "0002-01-01T00:00:00Z", 1).size() == 1);
  CHECK(next("0 0 * * *", "Europe/Warsaw", "9980-01-01T00:00:00Z", 1).size() == 1);
}

TEST_CASE("forward and back agree with looking at every minute", "[cron_times]") {
  // Around both changes of a year, in zones with changes of different kinds.
  for (const auto* name : {"Europe/Warsaw", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca"}) {
    const auto z = zone(name);
    for (const auto* text : {"*/7 * * * *", "30 * * * *", "10 1-3 * * *", "*/15 0,2 * * 0", "45 23,0 * * *"}) {
      const auto fields = parse_cron(text).value();
      const bool all_hours = fields.hours == (1u << 24) - 1;
      for (const auto* day :
           {"2026-03-28T00:00:00Z", "2026-10-24T00:00:00Z", "2026-03-07T00:00:00Z", "2026-10-31T00:00:00Z",
            "2026-04-04T00:00:00Z", "2026-10-03T00:00:00Z", "2026-02-14T00:00:00Z", "2026-03-21T00:00:00Z"}) {
        std::vector<timestamp> expected;
        auto shown = z.to_local(at(day) - milliseconds{1});
        for (auto t = at(day); t < at(day) + std::chrono::hours{48}; t += std::chrono::minutes{1}) {
          const auto now = z.to_local(t);
          bool fires = false;
          for (auto local = all_hours ? now : std::max(shown + std::chrono::minutes{1}, now - std::chrono::hours{3});
               local <= now; local += std::chrono::minutes{1}) {
            local = std::chrono::floor<std::chrono::minutes>(local);
            const auto date = std::chrono::floor<std::chrono::days>(local);
            const auto minute = std::chrono::duration_cast<std::chrono::minutes>(local - date).count();
            fires |= (all_hours || local > shown) && fields.minutes >> (minute % 60) & 1 &&
                     fields.hours >> (minute / 60) & 1 &&
                     fields.weekdays >> std::chrono::weekday{date}.c_encoding() & 1;
          }
          shown = std::max(shown, now);
          if (fires) expected.push_back(t);
        }
        std::vector<timestamp> forward;
        for (auto t = next_time(fields, z, at(day) - milliseconds{1}); t && *t < at(day) + std::chrono::hours{48};
             t = next_time(fields, z, *t))
          forward.push_back(*t);
        INFO(name << ' ' << text << ' ' << day);
        CHECK(forward == expected);
        std::vector<timestamp> back;
        for (auto t = previous_time(fields, z, at(day) + std::chrono::hours{48} - milliseconds{1}); t && *t >= at(day);
             t = previous_time(fields, z, *t - milliseconds{1}))
          back.insert(back.begin(), *t);
        CHECK(back == expected);
      }
    }
  }
}
