#include "runtime/calendar/icalendar.hpp"

#include "runtime/calendar/working_days.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

std::vector<ical_property> lines(std::string_view text) {
  std::vector<problem> problems;
  auto out = read_ical_lines(text, problems);
  CHECK(problems.empty());
  return out;
}

problem refusal(std::string_view text) {
  std::vector<problem> problems;
  static_cast<void>(read_ical_lines(text, problems));
  REQUIRE(problems.size() == 1);
  return problems[0];
}

} // namespace

TEST_CASE("lines are name, parameters and value", "[icalendar]") {
  const auto p = lines("dtstart;Value=DATE;X-A=\"b:c;d\":20261225\r\nSUMMARY:a:b;c\n").at(0);
  CHECK(p.name == "DTSTART");
  CHECK(p.parameter("VALUE") == "DATE");
  CHECK(p.parameter("X-A") == "b:c;d");
  CHECK(p.parameter("TZID").empty());
  CHECK(p.value == "20261225");
  CHECK(lines("a:b\nSUMMARY:a:b;c").at(1).value == "a:b;c");
}

TEST_CASE("folded lines are joined, and count where they begin", "[icalendar]") {
  const auto all = lines("SUMMARY:Chri\r\n stm\r\n\tas\r\n  Day\r\n\r\nUID:1\r\n");
  REQUIRE(all.size() == 2);
  CHECK(all[0].value == "Christmas Day");
  CHECK(all[0].line == 1);
  CHECK(all[1].line == 6);
}

TEST_CASE("a fold may split a character", "[icalendar]") {
  CHECK(lines("SUMMARY:\xC3\r\n \xA9t\xC3\xA9").at(0).value == "\xC3\xA9t\xC3\xA9");
}

TEST_CASE("a byte order mark is passed over", "[icalendar]") {
  CHECK(lines("\xEF\xBB\xBF"
              "BEGIN:VCALENDAR")
          .at(0)
          .name == "BEGIN");
}

TEST_CASE("what is no line is named with its place", "[icalendar]") {
  CHECK(refusal("A:1\nnothing\n").line == 2);
  CHECK(refusal("A:1\n\xFF:1\n").message == "the text is not valid UTF-8");
  CHECK(refusal("A B:1").line == 1);
  CHECK(refusal(";A=B:1").line == 1);
  CHECK(refusal("A;B:1").line == 1);
  CHECK(refusal("A;=B:1").line == 1);
  CHECK(refusal("A;B=\"c:1").line == 1);
  CHECK(refusal(" folded onto nothing").line == 1);
  CHECK(refusal(std::string(100'000, 'x')).message.size() < 100);
}

TEST_CASE("dates and times are read as written", "[icalendar]") {
  const auto day = std::chrono::local_seconds{parse_date("2026-12-25").value()};
  CHECK(parse_ical_time("20261225")->at == day);
  CHECK(parse_ical_time("20261225")->is_date);
  CHECK(parse_ical_time("20261225T093015")->at == day + 9h + 30min + 15s);
  CHECK_FALSE(parse_ical_time("20261225T093015")->is_date);
  CHECK(parse_ical_time("20261225T093015Z")->at == day + 9h + 30min + 15s);
  for (const auto* text :
       {"", "2026-12-25", "20261225Z", "20260229", "20261301", "20261225T", "20261225T0930", "20261225T240000",
        "20261225T096000", "20261225T093061", "20261225x093015", "-0261225", "00001225", "2026 225"})
    CHECK_FALSE(parse_ical_time(text).has_value());
}

TEST_CASE("durations have weeks, days, hours, minutes and seconds", "[icalendar]") {
  CHECK(parse_ical_duration("P1D") == 24h);
  CHECK(parse_ical_duration("+P2W") == 14 * 24h);
  CHECK(parse_ical_duration("P1DT12H30M5S") == 36h + 30min + 5s);
  CHECK(parse_ical_duration("PT15M") == 15min);
  CHECK(parse_ical_duration("P10000D") == 240'000h);
  for (const auto* text : {"", "P", "PT", "P1", "1D", "-P1D", "P1H", "PT1D", "P1DT", "P1.5D", "P10001D", "P9999999999D",
                           "P999999999W", "PD", "P1DT1HT1M", "P-1D"})
    CHECK_FALSE(parse_ical_duration(text).has_value());
}

TEST_CASE("texts lose their escapes", "[icalendar]") {
  CHECK(unescape_ical_text(R"(a\, b\; c\\d\ne\Nf)") == "a, b; c\\d e f");
  CHECK(unescape_ical_text("tab\there\\") == "tab here\\");
}
