#include "tools/penstock/fields.hpp"
#include "tools/penstock/holiday_file.hpp"
#include "tools/penstock/local_file.hpp"
#include "tools/penstock/starter_fields.hpp"
#include "tools/penstock/text_format.hpp"

namespace penstock::cli {

namespace {

const answer_form a_calendar = object_with({{"name"}, {"dayCount", needed_member::kind::integer}});

std::string base() { return std::string{scheduler_path} + "calendars"; }

std::string name_of(const command_context& with) { return with.line.has("name") ? with.option("name") : "holidays"; }

outcome<exit_code> import(command_context& with) {
  const auto& path = with.words[0];
  const auto text = read_local_file(path);
  if (!text) return unexpected(text.error());
  const auto request = read_holidays(*text);
  // A calendar of that name would be emptied, most likely by a command before the pipe that failed.
  if (!request.holds_day) return give_up(exit_code::usage, called(path) + " holds no day");
  const auto name = name_of(with);
  const auto answer =
    with.api.ask({.method = "PUT", .path = base() + "/" + encode(name), .body = request.body, .needs = a_calendar});
  if (!answer) return unexpected(answer.error());
  if (answer->status / 100 != 2) return unexpected(explain_holidays(path, request, *answer));
  if (with.as_json) {
    print_json(with.out, answer->body);
    return exit_code::ok;
  }
  const auto days = int_of(answer->body, "dayCount");
  with.err << "calendar " << name << " has " << days << (days == 1 ? " day" : " days");
  if (days > 0) with.err << ", " << text_of(answer->body, "firstDay") << " to " << text_of(answer->body, "lastDay");
  with.err << '\n';
  return exit_code::ok;
}

outcome<exit_code> list(command_context& with) {
  const auto answer = with.api.get(base(), list_of(a_calendar.members));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) {
    print_json(with.out, *answer);
    return exit_code::ok;
  }
  const auto or_dash = [](std::string text) { return text.empty() ? std::string{"-"} : text; };
  std::vector<std::vector<std::string>> rows;
  for (const auto& c : entries_of(*answer))
    rows.push_back({text_of(c, "name"), std::to_string(int_of(c, "dayCount")), or_dash(text_of(c, "firstDay")),
                    or_dash(text_of(c, "lastDay")), show_time(text_of(c, "updatedAt"))});
  print_table(with, {"CALENDAR", "DAYS", "FIRST", "LAST", "UPDATED"}, rows, "calendars");
  return exit_code::ok;
}

outcome<exit_code> show(command_context& with) {
  const auto name = with.words.empty() ? std::string{"holidays"} : with.words[0];
  const auto answer = with.api.get(base() + "/" + encode(name), object_with({{"days", needed_member::kind::list}}));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) {
    print_json(with.out, *answer);
    return exit_code::ok;
  }
  // In the form that `import` takes.
  if (const auto* days = answer->find("days"))
    for (const auto& day : entries_of(*days)) {
      const auto called = text_of(day, "name");
      with.out << text_of(day, "date") << (called.empty() ? "" : " " + called) << '\n';
    }
  return exit_code::ok;
}

outcome<exit_code> remove(command_context& with) {
  const auto gone = with.api.send("DELETE", base() + "/" + encode(with.words[0]), answer_form{});
  if (!gone) return unexpected(gone.error());
  with.err << "calendar " << with.words[0] << " deleted\n";
  return exit_code::ok;
}

constexpr option_row import_options[] = {
  {"name", "NAME", "name of the calendar [holidays, which schedules with --skip-holidays use]"}};

constexpr command_row rows[] = {
  {"calendar", "import", "FILE", 1, 1,
   "create or replace a calendar of holidays; - is standard input\n\n"
   "The file is iCalendar (.ics), or has a date on each line and maybe a name behind it.",
   import_options, &import,
   "  penstock calendar import poland.ics\n"
   "  printf '2026-12-25 Christmas\\n2026-12-26\\n' | penstock calendar import - --name plant\n"},
  {"calendar", "list", "", 0, 0, "list the calendars of holidays", {}, &list},
  {"calendar", "show", "[CALENDAR]", 0, 1, "print the days of a calendar [holidays]", {}, &show},
  {"calendar",
   "delete",
   "CALENDAR",
   1,
   1,
   "delete a calendar; schedules that use it skip no holidays any more",
   {},
   &remove},
};

} // namespace

std::span<const command_row> calendar_commands() { return rows; }

} // namespace penstock::cli
