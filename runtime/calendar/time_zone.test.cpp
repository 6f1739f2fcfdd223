#include "runtime/calendar/time_zone.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

timestamp at(std::string_view text) { return parse_rfc3339(text).value(); }
local_timestamp local(std::string_view text) { return local_timestamp{at(text).time_since_epoch()}; }
std::string shown(std::string_view zone, std::string_view utc) {
  return to_rfc3339(timestamp{find_time_zone(zone).value().to_local(at(utc)).time_since_epoch()}).substr(0, 19);
}
std::string refusal(std::string_view name) {
  const auto found = find_time_zone(name);
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == errc::invalid_argument);
  return found.error().message;
}

} // namespace

TEST_CASE("clocks show local time, summer and winter", "[time_zone]") {
  CHECK(shown("Europe/Warsaw", "2026-01-15T12:00:00Z") == "2026-01-15T13:00:00");
  CHECK(shown("Europe/Warsaw", "2026-07-15T12:00:00Z") == "2026-07-15T14:00:00");
  CHECK(shown("Asia/Kathmandu", "2026-07-15T12:00:00Z") == "2026-07-15T17:45:00");
  CHECK(shown("America/New_York", "2026-07-15T02:00:00Z") == "2026-07-14T22:00:00");
  CHECK(shown("UTC", "2026-07-15T02:00:00Z") == "2026-07-15T02:00:00");
  CHECK(shown("US/Pacific", "2026-07-15T02:00:00Z") == "2026-07-14T19:00:00");
}

TEST_CASE("daylight saving goes on after the last change that is listed", "[time_zone]") {
  CHECK(shown("Europe/Warsaw", "2050-07-15T12:00:00Z") == "2050-07-15T14:00:00");
  CHECK(shown("Europe/Warsaw", "2050-01-15T12:00:00Z") == "2050-01-15T13:00:00");
  CHECK(shown("Europe/Dublin", "2060-07-15T12:00:00Z") == "2060-07-15T13:00:00");
  CHECK(shown("Europe/Dublin", "2060-01-15T12:00:00Z") == "2060-01-15T12:00:00");
  CHECK(shown("Australia/Lord_Howe", "2099-01-15T12:00:00Z") == "2099-01-15T23:00:00");
  CHECK(shown("Australia/Lord_Howe", "2099-07-15T12:00:00Z") == "2099-07-15T22:30:00");
  // 25 March 2040, 01:00 UTC, to the second.
  CHECK(shown("Europe/Warsaw", "2040-03-25T00:59:59Z") == "2040-03-25T01:59:59");
  CHECK(shown("Europe/Warsaw", "2040-03-25T01:00:00Z") == "2040-03-25T03:00:00");
  // Nuuk changes on Saturday evening, Gaza's rule has hours beyond a day.
  CHECK(shown("America/Nuuk", "2045-07-15T12:00:00Z") == "2045-07-15T11:00:00");
  CHECK(shown("America/Nuuk", "2045-01-15T12:00:00Z") == "2045-01-15T10:00:00");
}

TEST_CASE("every zone of the database can be read", "[time_zone]") {
  for (const auto* name :
       {"Africa/Casablanca", "Africa/El_Aaiun", "America/Scoresbysund", "Antarctica/Troll", "Asia/Gaza", "Asia/Tehran",
        "Atlantic/Azores", "CET", "EST5EDT", "Etc/GMT+12", "Europe/Kyiv", "Pacific/Apia", "Pacific/Chatham", "Zulu"}) {
    INFO(name);
    const auto found = find_time_zone(name);
    REQUIRE(found.has_value());
    CHECK(found->name() == name);
    const auto periods = found->periods();
    for (std::size_t i = 1; i < periods.size(); ++i) {
      CHECK(periods[i].begin > periods[i - 1].begin);
      CHECK(periods[i].reached >= periods[i - 1].reached);
      CHECK(periods[i].offset != periods[i - 1].offset);
      CHECK(found->period_at(periods[i].begin) == i);
      CHECK(found->period_at(periods[i].begin - 1ms) == i - 1);
    }
  }
}

TEST_CASE("a time that is skipped first passes at the end of the gap", "[time_zone]") {
  const auto warsaw = find_time_zone("Europe/Warsaw").value();
  CHECK(warsaw.first_passing(local("2026-03-29T01:59:00Z")) == at("2026-03-29T00:59:00Z"));
  CHECK(warsaw.first_passing(local("2026-03-29T02:30:00Z")) == at("2026-03-29T01:00:00Z"));
  CHECK(warsaw.first_passing(local("2026-03-29T03:00:00Z")) == at("2026-03-29T01:00:00Z"));
  CHECK(warsaw.first_passing(local("2026-03-29T03:01:00Z")) == at("2026-03-29T01:01:00Z"));
}

TEST_CASE("a time that is repeated first passes at its first passing", "[time_zone]") {
  const auto warsaw = find_time_zone("Europe/Warsaw").value();
  CHECK(warsaw.first_passing(local("2026-10-25T02:00:00Z")) == at("2026-10-25T00:00:00Z"));
  CHECK(warsaw.first_passing(local("2026-10-25T02:59:00Z")) == at("2026-10-25T00:59:00Z"));
  CHECK(warsaw.first_passing(local("2026-10-25T03:00:00Z")) == at("2026-10-25T02:00:00Z"));
}

TEST_CASE("days begin at their first moment", "[time_zone]") {
  using namespace std::chrono;
  CHECK(find_time_zone("Asia/Beirut").value().start_of_day(local_days{2026y / 3 / 29}) == at("2026-03-28T22:00:00Z"));
  CHECK(find_time_zone("Pacific/Apia").value().start_of_day(local_days{2011y / 12 / 30}) == at("2011-12-30T10:00:00Z"));
  CHECK(find_time_zone("Europe/Warsaw").value().local_date(at("2026-07-01T22:00:00Z")) == local_days{2026y / 7 / 2});
}

TEST_CASE("an unknown zone is refused with the nearest name", "[time_zone]") {
  CHECK(refusal("Europe/Warszaw").find("did you mean \"Europe/Warsaw\"?") != std::string::npos);
  CHECK(refusal("europe/warsaw").find("did you mean \"Europe/Warsaw\"?") != std::string::npos);
  CHECK(refusal("Warsaw").find("did you mean \"Europe/Warsaw\"?") != std::string::npos);
  CHECK(refusal("utc").find("did you mean \"UTC\"?") != std::string::npos);
  CHECK(refusal("Middle/Earth_And_More_Than_That").find("did you mean") == std::string::npos);
}

TEST_CASE("what is no zone is refused", "[time_zone]") {
  for (const auto* name : {"", "../../../etc/passwd", "Europe", "right/UTC", "posix/Europe/Warsaw", "zone.tab",
                           "tzdata.zi", "leapseconds", "+02:00", "/etc/localtime"})
    CHECK_FALSE(refusal(name).empty());
  CHECK(refusal(std::string(100'000, 'x')).size() < 300);
  CHECK_FALSE(find_time_zone(std::string_view{"UTC\0x", 5}).has_value());
}

TEST_CASE("UTC is UTC however it is found", "[time_zone]") {
  CHECK(time_zone{} == find_time_zone("UTC").value());
  CHECK(find_time_zone("Europe/Warsaw").value() == find_time_zone("Europe/Warsaw").value());
  CHECK_FALSE(find_time_zone("Europe/Warsaw").value() == time_zone{});
}

TEST_CASE("zones may be looked for by several threads at once", "[time_zone]") {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t i = 0; i < wrong.size(); ++i)
    threads.emplace_back([&wrong, i] {
      for (const auto* name : {"Asia/Tokyo", "Asia/Seoul", "Asia/Manila", "America/Lima", "America/La_Paz"}) {
        const auto found = find_time_zone(name);
        if (!found || found->periods().size() < 2) ++wrong[i];
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
}
