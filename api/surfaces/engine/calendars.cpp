#include "api/answering.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/engine/render_scheduler.hpp"
#include "api/surfaces/engine/scheduler.hpp"
#include "api/surfaces/engine/scheduler_fields.hpp"
#include "runtime/calendar/holiday_import.hpp"
#include "runtime/model/utf8.hpp"

#include <algorithm>

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;
constexpr std::size_t day_name_bytes_max = 200;
/// Rules of an iCalendar text are written out for this year, the one before and the next ten.
constexpr int years_back = 1;
constexpr int years_ahead = 10;

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string name_in_path(const request& in, request_problems& problems) {
  std::string name{in.parameters["name"]};
  if (trimmed(name).empty() || name.size() > calendar_name_bytes_max ||
      std::any_of(name.begin(), name.end(), &is_control) || find_invalid_utf8(name) != std::string::npos)
    problems.add("name", "in the path must be 1 to " + std::to_string(calendar_name_bytes_max) +
                           " bytes of UTF-8 without control characters");
  return name;
}

/// One entry of `days`: a date, or an object with `date` and `name`.
std::optional<holiday> read_day(const value& entry, const std::string& path, request_problems& problems) {
  constexpr std::string_view forms = R"(must be a date such as "2026-12-25" or {"date": "2026-12-25", "name": "…"})";
  const auto* member = entry.as_object() ? entry.find("date") : &entry;
  const auto* text = member ? member->as_string() : nullptr;
  const auto date = text ? parse_date(*text) : std::nullopt;
  if (!date) problems.add(path, std::string{forms} + (text ? ", and there is no such day" : ""), entry.at);
  holiday day;
  if (const auto* name = entry.find("name"); name && !name->is_null()) {
    const auto* words = name->as_string();
    if (!words || words->size() > day_name_bytes_max || std::any_of(words->begin(), words->end(), &is_control))
      problems.add(path + ".name",
                   "must be at most " + std::to_string(day_name_bytes_max) + " bytes of text on one line", name->at);
    else day.name = *words;
  }
  if (!date) return std::nullopt;
  day.date = *date;
  return day;
}

std::vector<holiday> read_days(const value& given, request_problems& problems) {
  std::vector<holiday> days;
  const auto* entries = given.as_list();
  if (!entries) {
    problems.add("days", "must be a list of dates, is " + std::string{given.kind_name()}, given.at);
    return days;
  }
  if (entries->size() > holidays_max) {
    problems.add(
      "days", "must have at most " + std::to_string(holidays_max) + " entries, has " + std::to_string(entries->size()),
      given.at);
    return days;
  }
  for (std::size_t i = 0; i < entries->size(); ++i)
    if (auto day = read_day((*entries)[i], "days[" + std::to_string(i) + "]", problems))
      days.push_back(std::move(*day));
  return days;
}

std::vector<holiday> read_icalendar(body_fields& fields, request_problems& problems, timestamp now) {
  const auto text = fields.text("ical", {.bytes_max = icalendar_bytes_max});
  if (!text) return {};
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int year = static_cast<int>(today.year());
  auto days = import_holidays(*text, {year - years_back, year + years_ahead});
  if (days) return std::move(*days);
  auto& why = days.error();
  // Lines are those of the calendar's text, not of the body.
  if (why.problems.empty()) problems.add("ical", why.message);
  for (auto& p : why.problems) problems.add({"ical", std::move(p.message), p.line, p.column});
  return {};
}

calendar_record make_record(std::string name, std::vector<holiday> days) {
  const holiday_calendar sorted{std::move(days)};
  calendar_record out;
  out.name = std::move(name);
  for (const auto& day : sorted.days()) {
    out.days.push_back(to_text(day.date));
    out.names.push_back(day.name);
  }
  return out;
}

} // namespace

void list_calendars(const request& in, const services& with, responder send) {
  with.ops.list_calendars(in.who, answer_with<std::vector<calendar_record>>(style, std::move(send), &render_calendars));
}

void get_calendar(const request& in, const services& with, responder send) {
  request_problems problems;
  auto name = name_in_path(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_calendars(
    in.who, then<std::vector<calendar_record>>(style, send, [name = std::move(name), send](const auto& calendars) {
      const auto found =
        std::find_if(calendars.begin(), calendars.end(), [&](const auto& calendar) { return calendar.name == name; });
      if (found != calendars.end()) return send(render_calendar(200, *found));
      send(render_error(style, error{errc::not_found, "there is no calendar " + name, {}}));
    }));
}

void put_calendar(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  body_fields fields{*body, problems};
  auto name = name_in_path(in, problems);
  if (fields.has("days") == fields.has("ical"))
    problems.add("days", "or ical is needed, one of the two: dates, or the text of an iCalendar file");
  std::vector<holiday> days;
  if (const auto* given = fields.find("days")) days = read_days(*given, problems);
  else days = read_icalendar(fields, problems, with.time.now());
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.put_calendar(
    in.who, make_record(std::move(name), std::move(days)),
    answer_with<calendar_record>(style, send, [](const auto& calendar) { return render_calendar(200, calendar); }));
}

void delete_calendar(const request& in, const services& with, responder send) {
  request_problems problems;
  auto name = name_in_path(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.delete_calendar(in.who, std::move(name), answer_with<void>(style, send, [] { return no_content(); }));
}

} // namespace penstock::engine_surface
