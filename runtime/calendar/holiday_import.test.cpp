#include "runtime/calendar/holiday_import.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

namespace {

using texts = std::vector<std::string>;

/// Lines to a calendar of one event, or of several with BEGIN and END between.
std::string calendar(const std::string& lines) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n" + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n";
}

texts imported(std::string_view text, year_range years = {2026, 2028}) {
  const auto days = import_holidays(text, years);
  if (!days) FAIL(days.error().message);
  texts out;
  for (const auto& day : *days) out.push_back(to_text(day.date) + (day.name.empty() ? "" : " " + day.name));
  return out;
}

texts dates(const std::string& lines, year_range years = {2026, 2028}) { return imported(calendar(lines), years); }

std::string refusal(const std::string& text, year_range years = {2026, 2028}) {
  const auto days = import_holidays(text, years);
  REQUIRE_FALSE(days.has_value());
  return days.error().message;
}

} // namespace

TEST_CASE("an event is the days it covers", "[holidays]") {
  CHECK(dates("DTSTART;VALUE=DATE:20261225\nSUMMARY:Christmas\n") == texts{"2026-12-25 Christmas"});
  CHECK(dates("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\n") == texts{"2026-12-25", "2026-12-26"});
  CHECK(dates("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225\n") == texts{"2026-12-25"});
  CHECK(dates("DTSTART:20261225\nDURATION:P2D\n") == texts{"2026-12-25", "2026-12-26"});
  CHECK(dates("DTSTART;TZID=Europe/Warsaw:20261224T180000\nDTEND;TZID=Europe/Warsaw:20261226T000000\n") ==
        texts{"2026-12-24", "2026-12-25"});
  CHECK(dates("DTSTART:20261224T180000Z\nDURATION:PT6H1S\n") == texts{"2026-12-24", "2026-12-25"});
}

TEST_CASE("only the wanted years are given, also of events that reach into them", "[holidays]") {
  CHECK(dates("DTSTART:20251225\n").empty());
  CHECK(dates("DTSTART:20290101\n").empty());
  CHECK(dates("DTSTART:20251231\nDTEND:20260103\n") == texts{"2026-01-01", "2026-01-02"});
  CHECK(dates("DTSTART:20001231\nDTEND:20010102\nRRULE:FREQ=YEARLY\n", {2026, 2026}) ==
        texts{"2026-01-01", "2026-12-31"});
}

TEST_CASE("rules recur", "[holidays]") {
  CHECK(dates("DTSTART:19701126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\nSUMMARY:Thanksgiving\n") ==
        texts{"2026-11-26 Thanksgiving", "2027-11-25 Thanksgiving", "2028-11-23 Thanksgiving"});
  CHECK(dates("DTSTART:20260101\nRRULE:FREQ=YEARLY;COUNT=2\n") == texts{"2026-01-01", "2027-01-01"});
  CHECK(dates("DTSTART:20240101\nRRULE:FREQ=YEARLY;COUNT=3\n") == texts{"2026-01-01"});
  CHECK(dates("DTSTART:20200101\nRRULE:FREQ=YEARLY;UNTIL=20270101\n") == texts{"2026-01-01", "2027-01-01"});
  CHECK(dates("DTSTART:20200101\nRRULE:FREQ=YEARLY;UNTIL=20261231T235959Z\n") == texts{"2026-01-01"});
  CHECK(dates("DTSTART:20010101\nRRULE:FREQ=YEARLY;INTERVAL=3\n") == texts{"2028-01-01"});
  CHECK(dates("DTSTART:00010101\nRRULE:FREQ=YEARLY\n", {2026, 2026}) == texts{"2026-01-01"});
}

TEST_CASE("dates are added and left out", "[holidays]") {
  CHECK(dates("DTSTART:20200101\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20270101\nRDATE:20270104,20280105\n") ==
        texts{"2026-01-01", "2027-01-04", "2028-01-01", "2028-01-05"});
  CHECK(dates("DTSTART:20260101\nRDATE:20260301\nRDATE:20260401\nEXDATE:20260101T000000,20260401\n") ==
        texts{"2026-03-01"});
}

TEST_CASE("a recurrence can be replaced or cancelled by an event of its own", "[holidays]") {
  const std::string master = "UID:a\nDTSTART:20200501\nRRULE:FREQ=YEARLY\nSUMMARY:May\n";
  const std::string next = "END:VEVENT\nBEGIN:VEVENT\n";
  CHECK(dates(master + next + "UID:a\nRECURRENCE-ID:20270501\nDTSTART:20270503\nSUMMARY:moved\n") ==
        texts{"2026-05-01 May", "2027-05-03 moved", "2028-05-01 May"});
  CHECK(dates("UID:a\nRECURRENCE-ID:20270501\nDTSTART:20270501\nSTATUS:CANCELLED\n" + next + master) ==
        texts{"2026-05-01 May", "2028-05-01 May"});
  CHECK(dates("DTSTART:20260501\nSTATUS:cancelled\n").empty());
}

TEST_CASE("names are unescaped, unfolded and cut", "[holidays]") {
  CHECK(dates("DTSTART:20260106\nSUMMARY:Three Kings\\, \n Epiphany\n") == texts{"2026-01-06 Three Kings, Epiphany"});
  std::string name;
  for (int i = 0; i < 150; ++i) name += "\xC3\xA9";
  CHECK(dates("DTSTART:20260106\nSUMMARY:x" + name + "\n").at(0).size() == 11 + 199);
}

TEST_CASE("of two events on one day the first gives the name", "[holidays]") {
  CHECK(dates("DTSTART:20260106\nSUMMARY:one\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20260106\nSUMMARY:two\n") ==
        texts{"2026-01-06 one"});
}

TEST_CASE("what does not belong to an event is passed over", "[holidays]") {
  CHECK(imported("BEGIN:VCALENDAR\n"
                 "BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:16010101T000000\nRRULE:FREQ=MONTHLY\nEND:STANDARD\n"
                 "END:VTIMEZONE\n"
                 "BEGIN:VEVENT\nDTSTART:20260106\nBEGIN:VALARM\nDURATION:nonsense\nTRIGGER:-PT1H\nEND:VALARM\n"
                 "TRANSP:TRANSPARENT\nX-OWN;A=b:c\nEND:VEVENT\n"
                 "BEGIN:VTODO\nDTSTART:20260107\nEND:VTODO\n"
                 "END:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR\n") == texts{"2026-01-06"});
}

TEST_CASE("every mistake is told with its line", "[holidays]") {
  CHECK(refusal("").find("line 1: expected BEGIN:VCALENDAR") == 0);
  CHECK(refusal("<html>").find("line 1: expected NAME:value, not \"<html>\"") == 0);
  CHECK(refusal("X:1").find("line 1: expected BEGIN:VCALENDAR, not X") == 0);
  CHECK(refusal("BEGIN:VEVENT\nEND:VEVENT").find("line 1: expected BEGIN:VCALENDAR, not BEGIN:VEVENT") == 0);
  CHECK(refusal("BEGIN:VCALENDAR\nBEGIN:VEVENT\n").find("line 2: BEGIN:VEVENT has no END") == 0);
  CHECK(refusal("BEGIN:VCALENDAR\nEND:VEVENT\n").find("line 2: END:VEVENT does not match BEGIN:VCALENDAR of line 1") ==
        0);
  CHECK(refusal("END:VEVENT\n").find("line 1: END:VEVENT does not match any BEGIN") == 0);
  CHECK(refusal(calendar("SUMMARY:x\n")).find("line 3: the VEVENT has no DTSTART") == 0);
  CHECK(refusal(calendar("DTSTART:tomorrow\n")).find("line 4: DTSTART must be a date such as 20261225") == 0);
  CHECK(refusal(calendar("DTSTART:20260101\nDTSTART:20260102\n")).find("line 5: DTSTART stands twice") == 0);
  CHECK(refusal(calendar("DTSTART:20260102\nDTEND:20260101\n")).find("DTEND lies before DTSTART") != std::string::npos);
  CHECK(refusal(calendar("DTSTART:20260102\nDTEND:20260103\nDURATION:P1D\n")).find("both DTEND and DURATION") !=
        std::string::npos);
  CHECK(refusal(calendar("DTSTART:20260102\nDURATION:-P1D\n")).find("line 5: DURATION must be") == 0);
  CHECK(refusal(calendar("DTSTART:20260102\nRRULE:FREQ=WEEKLY\n")).find("line 5: FREQ=WEEKLY is not supported") == 0);
  CHECK(refusal(calendar("DTSTART:20260102\nEXRULE:FREQ=YEARLY\n")).find("line 5: EXRULE is not supported") == 0);
  CHECK(refusal(calendar("DTSTART:20260102\nRDATE;VALUE=PERIOD:20260101/P1D\n")).find("VALUE=PERIOD") !=
        std::string::npos);
  CHECK(refusal(calendar("DTSTART:20260102\nRDATE:20260101,\\,\n")).find("line 5: RDATE must be a date") == 0);
  CHECK(refusal(calendar("DTSTART:20260102\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260101\n")).find("RANGE") !=
        std::string::npos);
}

TEST_CASE("several mistakes are told together, up to a hundred", "[holidays]") {
  CHECK(refusal(calendar("DTSTART:x\nRRULE:FREQ=DAILY\n")) ==
        "line 4: DTSTART must be a date such as 20261225 or a time such as 20261225T090000; "
        "line 5: FREQ=DAILY is not supported, only FREQ=YEARLY");
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "nothing\n";
  CHECK(import_holidays(many, {2026, 2026}).error().problems.size() == 100);
}

TEST_CASE("years are a range of at most 200", "[holidays]") {
  const auto text = calendar("DTSTART:20260101\nRRULE:FREQ=YEARLY\n");
  CHECK(imported(text, {2026, 2225}).size() == 200);
  CHECK(refusal(text, {2026, 2226}).find("at most 200 years") != std::string::npos);
  CHECK(refusal(text, {2027, 2026}).find("at most 200 years") != std::string::npos);
  CHECK(refusal(text, {0, 5}).find("at most 200 years") != std::string::npos);
}

TEST_CASE("what is too much is refused, and soon", "[holidays]") {
  const auto code = [](const std::string& text) {
    const auto days = import_holidays(text, {2000, 2199});
    return days ? errc::internal : days.error().code;
  };
  CHECK(code(std::string(icalendar_bytes_max + 1, 'x')) == errc::too_large);
  CHECK(code(calendar("DTSTART:20000101\nDTEND:20300101\n")) == errc::too_large);
  CHECK(code(calendar("DTSTART:00010101\nDTEND:99990101\n")) == errc::too_large);
  CHECK(code(calendar("DTSTART:20000101\nRRULE:FREQ=YEARLY;BYDAY=MO,TU,WE\n")) == errc::too_large);
  // Little for the calendar, much to work out.
  std::string events;
  while (events.size() < 900'000)
    events += "DTSTART:00010101\nRRULE:FREQ=YEARLY;COUNT=9999;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\nBEGIN:VEVENT\n";
  CHECK(code(calendar(events + "DTSTART:20260101\n")) == errc::too_large);
  events.clear();
  while (events.size() < 900'000)
    events += "DTSTART:20260101\nDURATION:P365D\nRRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR\nEND:VEVENT\nBEGIN:VEVENT\n";
  CHECK(refusal(calendar(events + "DTSTART:20260101\n"), {2026, 2026}).find("take too long") != std::string::npos);
  std::string dates = "DTSTART:20000101\nDURATION:P300D\nRDATE:20000101";
  while (dates.size() < 900'000) dates += ",20000" + std::to_string(101 + dates.size() % 28);
  CHECK(code(calendar(dates + "\n")) == errc::internal); // All on the same 28 dates.
}

TEST_CASE("many events of one UID share the dates that others replace", "[holidays]") {
  std::string events = "UID:a\nDTSTART:20260101\n";
  for (int i = 0; i < 2'000; ++i) events += "END:VEVENT\nBEGIN:VEVENT\nUID:a\nDTSTART:20260102\n";
  for (int year = 2027; year < 2127; ++year)
    for (int day = 101; day < 129; ++day) {
      const auto date = std::to_string(year) + "0" + std::to_string(day);
      events += "END:VEVENT\nBEGIN:VEVENT\nUID:a\nDTSTART:20260103\nRECURRENCE-ID:" + date + "\n";
    }
  const auto begun = std::chrono::steady_clock::now();
  CHECK(imported(calendar(events), {2026, 2026}).size() == 3);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{1});
}

TEST_CASE("messages do not repeat what is long", "[holidays]") {
  std::string text = "BEGIN:VCALENDAR\nBEGIN:" + std::string(500'000, 'L') + "\n";
  for (int i = 0; i < 100; ++i) text += "END:X\n";
  const auto refused = import_holidays(text, {2026, 2026});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.size() < 100 * 300);
  for (const auto& p : refused.error().problems) CHECK(p.message.size() < 300);
}

TEST_CASE("what is imported makes a calendar", "[holidays]") {
  const holiday_calendar days{import_holidays(calendar("DTSTART:20261225\n"), {2026, 2026}).value()};
  CHECK(days.contains(parse_date("2026-12-25").value()));
}
