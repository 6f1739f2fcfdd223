#include "tools/penstock/holiday_file.hpp"

#include <algorithm>
#include <charconv>

namespace penstock::cli {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

value read_day(std::string_view line) {
  const auto end = std::min(line.find_first_of(" \t,;"), line.size());
  const auto rest = line.substr(end);
  const auto begin = rest.find_first_not_of(" \t,;");
  value day;
  day.set("date", line.substr(0, end));
  if (begin != std::string_view::npos) day.set("name", rest.substr(begin));
  return day;
}

/// The line of `days[n]…`; 0 if the field is another one.
std::size_t line_of(const holiday_request& request, std::string_view field) {
  constexpr std::string_view prefix = "days[";
  if (!field.starts_with(prefix)) return 0;
  std::size_t n = 0;
  const auto digits = field.substr(prefix.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return n < request.lines.size() ? request.lines[n] : 0;
}

} // namespace

holiday_request read_holidays(std::string_view text) {
  holiday_request out;
  if (text.find("BEGIN:VCALENDAR") != std::string_view::npos) {
    out.body.set("ical", text);
    out.holds_day = text.find("BEGIN:VEVENT") != std::string_view::npos;
    return out;
  }
  value days{value::list{}};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto said = trimmed(line.substr(0, line.find('#')));
    if (said.empty()) continue;
    days.push_back(read_day(said));
    out.lines.push_back(number);
  }
  out.holds_day = !out.lines.empty();
  out.body.set("days", std::move(days));
  return out;
}

failure explain_holidays(const std::string& file, const holiday_request& request, const api_answer& answer) {
  auto why = explain(answer);
  std::string told;
  for (const auto& mistake : mistakes_of(answer)) {
    const auto line = mistake.line > 0 && request.lines.empty() ? static_cast<std::size_t>(mistake.line)
                                                                : line_of(request, mistake.field);
    told += (told.empty() ? "" : "\n") + file + (line > 0 ? ":" + std::to_string(line) : "") + ": " + mistake.message;
  }
  if (!told.empty()) why.message = std::move(told);
  return why;
}

} // namespace penstock::cli
