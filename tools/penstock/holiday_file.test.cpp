#include "tools/penstock/holiday_file.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::cli;

TEST_CASE("a list of dates keeps names and knows its lines", "[cli][calendar]") {
  const auto read =
    read_holidays("# Poland\n2026-01-01 New Year\r\n\n2026-12-25,Christmas # the first day\n  2026-12-26\n");
  CHECK(write_json(read.body) == R"({"days":[{"date":"2026-01-01","name":"New Year"},)"
                                 R"({"date":"2026-12-25","name":"Christmas"},{"date":"2026-12-26"}]})");
  CHECK(read.lines == std::vector<std::size_t>{2, 4, 5});
  CHECK(read.holds_day);
  CHECK(write_json(read_holidays("").body) == R"({"days":[]})");
  CHECK_FALSE(read_holidays("").holds_day);
  CHECK_FALSE(read_holidays("# none yet\n\n").holds_day);
}

TEST_CASE("an iCalendar file goes as it is", "[cli][calendar]") {
  const std::string text = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
  const auto read = read_holidays(text);
  CHECK(*read.body.find("ical")->as_string() == text);
  CHECK(read.lines.empty());
  CHECK_FALSE(read.holds_day);
  CHECK(read_holidays("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n").holds_day);
}

TEST_CASE("mistakes are told with the file's lines", "[cli][calendar]") {
  api_answer answer;
  answer.status = 400;
  answer.body = *read_json(R"({"detail":"wrong","errors":[{"field":"days[1]","message":"must be a date"},
                              {"field":"name","message":"is too long"}]})");
  const auto why = explain_holidays("free.txt", read_holidays("2026-01-01\n\n2026-02-30\n"), answer);
  CHECK(why.code == exit_code::refused);
  CHECK(why.message == "free.txt:3: must be a date\nfree.txt: is too long");
  answer.body = *read_json(R"({"detail":"wrong","errors":[{"field":"ical","message":"no such day","line":7}]})");
  CHECK(explain_holidays("free.ics", read_holidays("BEGIN:VCALENDAR"), answer).message == "free.ics:7: no such day");
}
