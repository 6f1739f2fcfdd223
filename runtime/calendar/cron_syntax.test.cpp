#include "runtime/calendar/cron_syntax.hpp"

#include <catch2/catch.hpp>

#include <initializer_list>
#include <string>

using namespace penstock;

namespace {

std::uint64_t bits(std::initializer_list<unsigned> values) {
  std::uint64_t set = 0;
  for (const auto v : values) set |= std::uint64_t{1} << v;
  return set;
}

std::string refusal(std::string_view text) {
  const auto parsed = parse_cron(text);
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == errc::invalid_argument);
  CHECK_FALSE(parsed.error().problems.empty());
  return parsed.error().message;
}

} // namespace

TEST_CASE("numbers, lists, ranges and steps become sets", "[cron]") {
  const auto parsed = parse_cron("*/15 8-10,22 1,15 2-12/5 1-5");
  REQUIRE(parsed.has_value());
  CHECK(parsed->minutes == bits({0, 15, 30, 45}));
  CHECK(parsed->hours == bits({8, 9, 10, 22}));
  CHECK(parsed->days == bits({1, 15}));
  CHECK(parsed->months == bits({2, 7, 12}));
  CHECK(parsed->weekdays == bits({1, 2, 3, 4, 5}));
  CHECK(parsed->days_restricted);
  CHECK(parsed->weekdays_restricted);
}

TEST_CASE("a star is everything and restricts nothing", "[cron]") {
  const auto parsed = parse_cron("  * \t* * * *  ");
  REQUIRE(parsed.has_value());
  CHECK(parsed->minutes == (std::uint64_t{1} << 60) - 1);
  CHECK(parsed->hours == (1u << 24) - 1);
  CHECK(parsed->days == 0xfffffffe);
  CHECK(parsed->months == 0x1ffe);
  CHECK(parsed->weekdays == 0x7f);
  CHECK_FALSE(parsed->days_restricted);
  CHECK_FALSE(parsed->weekdays_restricted);
}

TEST_CASE("a stepped star counts as restricted", "[cron]") {
  const auto parsed = parse_cron("0 0 */2 * */3");
  REQUIRE(parsed.has_value());
  CHECK(parsed->days_restricted);
  CHECK(parsed->weekdays_restricted);
}

TEST_CASE("names are read in any case, and Sunday is 0, 7 or sun", "[cron]") {
  CHECK(parse_cron("0 0 * Jan,DEC *").value().months == bits({1, 12}));
  CHECK(parse_cron("0 0 * * mon-FRI").value().weekdays == bits({1, 2, 3, 4, 5}));
  CHECK(parse_cron("0 0 * * 0").value().weekdays == bits({0}));
  CHECK(parse_cron("0 0 * * 7").value().weekdays == bits({0}));
  CHECK(parse_cron("0 0 * * SUN").value().weekdays == bits({0}));
  CHECK(parse_cron("0 0 * * fri-sun").value().weekdays == bits({5, 6, 0}));
  CHECK(parse_cron("0 0 * * 5-7").value().weekdays == bits({5, 6, 0}));
}

TEST_CASE("a start with a step runs to the end of the field", "[cron]") {
  CHECK(parse_cron("10/20 * * * *").value().minutes == bits({10, 30, 50}));
}

TEST_CASE("a refusal names the field and what would be right", "[cron]") {
  CHECK(refusal("60 * * * *").find("minute: \"60\" is not possible; a value must be 0 to 59") != std::string::npos);
  CHECK(refusal("0 24 * * *").find("hour") != std::string::npos);
  CHECK(refusal("0 0 0 * *").find("day of month") != std::string::npos);
  CHECK(refusal("0 0 * foo *").find("jan to dec") != std::string::npos);
  CHECK(refusal("0 0 * * 8").find("day of week") != std::string::npos);
  CHECK(refusal("*/0 * * * *").find("step") != std::string::npos);
  CHECK(refusal("5-1 * * * *").find("backwards") != std::string::npos);
  CHECK(refusal("1,,2 * * * *").find("empty") != std::string::npos);
  CHECK(refusal("-5 * * * *").find("missing") != std::string::npos);
  CHECK(refusal("@daily").find("five fields") != std::string::npos);
  CHECK(refusal("* * * *").find("not 4") != std::string::npos);
  CHECK(refusal("0 * * * * *").find("not 6") != std::string::npos);
  CHECK(refusal("").find("not 0") != std::string::npos);
}

TEST_CASE("all wrong fields are named at once", "[cron]") {
  const auto parsed = parse_cron("61 25 * 13 *");
  REQUIRE_FALSE(parsed.has_value());
  REQUIRE(parsed.error().problems.size() == 3);
  CHECK(parsed.error().problems[0].field == "minute");
  CHECK(parsed.error().problems[1].field == "hour");
  CHECK(parsed.error().problems[2].field == "month");
}

TEST_CASE("days that never come are refused, unless a weekday makes up for them", "[cron]") {
  CHECK(refusal("0 0 30 2 *").find("never") != std::string::npos);
  CHECK(refusal("0 0 31 4,6 *").find("never") != std::string::npos);
  CHECK(parse_cron("0 0 29 2 *").has_value());
  CHECK(parse_cron("0 0 30 2 1").has_value());
}

TEST_CASE("odd bytes are refused, not read", "[cron]") {
  for (const auto* text : {"1.5 * * * *", "+1 * * * *", "? * * * *", "L * * * *", "*5 * * * *", "1/ * * * *",
                           "/2 * * * *", "99999999999 * * * *"})
    CHECK_FALSE(parse_cron(text).has_value());
  CHECK_FALSE(parse_cron(std::string(10'000, '*')).has_value());
}
