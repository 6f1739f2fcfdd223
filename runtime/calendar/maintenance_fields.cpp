#include "runtime/calendar/maintenance_window.hpp"

#include <array>
#include <string>

namespace penstock {
namespace {

constexpr std::array<std::string_view, 7> weekday_names{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
constexpr std::string_view forms = "a maintenance window is {start, end} with RFC 3339 times, {cron, durationMinutes}, "
                                   "or {days, from, to} with times of day such as \"22:00\"";
constexpr std::int64_t minutes_max = std::chrono::duration_cast<std::chrono::minutes>(recurring_window_max).count();

/// "22:00" as minutes since midnight, up to 24:00.
std::optional<std::uint16_t> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return static_cast<std::uint16_t>(hour * 60 + minute);
}

std::optional<unsigned> parse_weekday(std::string_view text) {
  if (text.size() != 3) return std::nullopt;
  std::string name;
  for (const char c : text) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (unsigned i = 0; i < weekday_names.size(); ++i)
    if (name == weekday_names[i]) return i;
  return std::nullopt;
}

/// Reads one window; every mistake becomes a problem.
class window_reader {
public:
  window_reader(const value& window, std::string path, std::vector<problem>& problems)
      : window_(window), path_(std::move(path)), problems_(problems) {}

  std::optional<maintenance_window> read() {
    if (!window_.as_object()) return wrong("", std::string{forms} + ", not " + std::string{window_.kind_name()});
    if (window_.find("cron")) return recurring();
    const auto begin = window_.find("from") ? "from" : "start";
    const auto end = window_.find("to") ? "to" : "end";
    const auto* from = text(begin);
    const auto* to = text(end);
    if (!from || !to) return std::nullopt;
    if (parse_time_of_day(*from) || parse_time_of_day(*to) || window_.find("days"))
      return weekly({begin, *from}, {end, *to});
    return single({begin, *from}, {end, *to});
  }

private:
  struct member {
    std::string_view name;
    std::string_view text;
  };

  std::optional<maintenance_window> recurring() {
    const auto* cron = text("cron");
    const auto* duration = window_.find("durationMinutes");
    const auto* minutes = duration ? duration->as_int() : nullptr;
    if (!minutes || *minutes < 1 || *minutes > minutes_max)
      wrong("durationMinutes", "must be a whole number from 1 to " + std::to_string(minutes_max));
    if (!cron) return std::nullopt;
    auto fields = parse_cron(*cron);
    if (!fields) return wrong("cron", fields.error().message);
    if (!minutes || *minutes < 1 || *minutes > minutes_max) return std::nullopt;
    return recurring_window{*fields, std::chrono::minutes{*minutes}};
  }

  std::optional<maintenance_window> single(member begin, member end) {
    const auto start = parse_rfc3339(begin.text);
    const auto stop = parse_rfc3339(end.text);
    if (!start) wrong(begin.name, "must be an RFC 3339 time such as \"2026-12-24T18:00:00Z\", or like \"22:00\"");
    if (!stop) wrong(end.name, "must be an RFC 3339 time such as \"2026-12-27T06:00:00Z\", or like \"06:00\"");
    if (!start || !stop) return std::nullopt;
    if (*stop <= *start) return wrong(end.name, "must be later than " + std::string{begin.name});
    return single_window{*start, *stop};
  }

  std::optional<maintenance_window> weekly(member begin, member end) {
    const auto from = parse_time_of_day(begin.text);
    const auto to = parse_time_of_day(end.text);
    const auto days = weekdays();
    if (!from || *from == 24 * 60) wrong(begin.name, "must be a time of day from 00:00 to 23:59");
    if (!to) wrong(end.name, "must be a time of day from 00:00 to 24:00");
    if (!from || *from == 24 * 60 || !to || !days) return std::nullopt;
    return weekly_window{*days, *from, *to};
  }

  std::optional<std::uint8_t> weekdays() {
    const auto* days = window_.find("days");
    if (!days) return std::uint8_t{0x7f};
    const auto* list = days->as_list();
    std::uint8_t set = 0;
    for (const auto& day : list ? *list : value::list{}) {
      const auto* name = day.as_string();
      const auto weekday = name ? parse_weekday(*name) : std::nullopt;
      if (!weekday) {
        set = 0;
        break;
      }
      set |= static_cast<std::uint8_t>(1u << *weekday);
    }
    if (set) return set;
    wrong("days", "must be a list of MON, TUE, WED, THU, FRI, SAT and SUN");
    return std::nullopt;
  }

  const std::string* text(std::string_view name) {
    const auto* found = window_.find(name);
    const auto* string = found ? found->as_string() : nullptr;
    if (!found) wrong(name, "is missing; " + std::string{forms});
    else if (!string) wrong(name, "must be text, not " + std::string{found->kind_name()});
    return string;
  }

  std::nullopt_t wrong(std::string_view name, const std::string& what) {
    const auto field = name.empty() ? path_ : path_ + "." + std::string{name};
    const auto& at = window_.at;
    problems_.push_back({field, field + ": " + what, at.line, at.column});
    return std::nullopt;
  }

  const value& window_;
  const std::string path_;
  std::vector<problem>& problems_;
};

unexpected<error> refused(std::vector<problem> problems) {
  auto message = problems.front().message;
  for (std::size_t i = 1; i < problems.size(); ++i) message += "; " + problems[i].message;
  return unexpected(error{errc::invalid_argument, std::move(message), std::move(problems)});
}

} // namespace

result<std::vector<maintenance_window>> parse_maintenance_windows(const value& windows, std::string_view field) {
  std::vector<maintenance_window> out;
  if (windows.is_null()) return out;
  const std::string name{field};
  const auto* list = windows.as_list();
  if (!list) return refused({{name, name + " must be a list of windows, not " + std::string{windows.kind_name()}}});
  if (list->size() > maintenance_windows_max)
    return refused({{name, name + " may hold at most " + std::to_string(maintenance_windows_max) + " windows, not " +
                             std::to_string(list->size())}});
  std::vector<problem> problems;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto window = window_reader{(*list)[i], name + "[" + std::to_string(i) + "]", problems}.read();
    if (window) out.push_back(*window);
  }
  if (!problems.empty()) return refused(std::move(problems));
  return out;
}

} // namespace penstock
