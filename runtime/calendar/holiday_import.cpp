#include "runtime/calendar/holiday_import.hpp"

#include "runtime/calendar/icalendar.hpp"
#include "runtime/calendar/yearly_rule.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace penstock {
namespace {

using std::chrono::days;

constexpr std::size_t problems_max = 100;
constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t message_bytes_max = 200; ///< What is quoted may be as long as the text.
constexpr int years_max = 200;
constexpr std::size_t depth_max = 16;
/// What may be worked out over the whole text, in dates; a year of a rule counts as 32. Takes some tenths of a second.
constexpr std::size_t effort_max = 1'600'000;

/// At most so many bytes of it, not in the middle of a character.
std::string shortened(std::string text, std::size_t bytes_max) {
  std::size_t end = std::min(text.size(), bytes_max);
  while (end < text.size() && (text[end] & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

/// One VEVENT.
struct event {
  std::uint32_t line = 0;
  std::string uid;
  std::string name;
  std::optional<ical_time> start;
  std::optional<ical_time> end;
  std::optional<std::chrono::seconds> duration;
  std::optional<yearly_rule> rule;
  std::set<local_days> added;
  std::set<local_days> left_out;
  std::optional<local_days> replaces; ///< The date of a recurring event of the same UID that this one stands for.
  bool cancelled = false;

  [[nodiscard]] local_days first_day() const { return std::chrono::floor<days>(start->at); }
  /// How many dates it touches each time.
  [[nodiscard]] days length() const {
    auto stop = start->at;
    if (end) stop = end->at;
    else if (duration) stop += *duration;
    if (stop <= start->at) return days{1};
    return std::chrono::floor<days>(stop - std::chrono::seconds{1}) - first_day() + days{1};
  }
};

/// Reads the events of a text; every mistake becomes a problem.
class event_reader {
public:
  explicit event_reader(std::vector<problem>& problems) : problems_(problems) {}

  std::vector<event> read(const std::vector<ical_property>& properties) {
    for (const auto& property : properties) {
      if (problems_.size() >= problems_max) break;
      if (property.name == "BEGIN") begin(property);
      else if (property.name == "END") end(property);
      else if (in_event()) take(property);
      else if (open_.empty()) wrong(property, "expected BEGIN:VCALENDAR, not " + property.name);
    }
    if (properties.empty() && problems_.empty())
      problems_.push_back({"", "expected BEGIN:VCALENDAR, not nothing", 1, 0});
    if (!open_.empty() && problems_.empty())
      problems_.push_back({"", "BEGIN:" + open_.back().name + " has no END", open_.back().line, 0});
    return std::move(events_);
  }

private:
  struct component {
    std::string name;
    std::uint32_t line;
  };

  bool in_event() const { return open_.size() == 2 && open_.back().name == "VEVENT"; }

  void begin(const ical_property& property) {
    auto name = in_capitals(property.value);
    if (open_.empty() && name != "VCALENDAR") return wrong(property, "expected BEGIN:VCALENDAR, not BEGIN:" + name);
    if (open_.size() == depth_max) return wrong(property, "components are nested too deeply");
    open_.push_back({std::move(name), property.line});
    if (!in_event()) return;
    current_ = {};
    current_.line = property.line;
    seen_.clear();
  }

  void end(const ical_property& property) {
    const auto name = in_capitals(property.value);
    if (open_.empty() || open_.back().name != name)
      return wrong(property,
                   "END:" + name + " does not match " +
                     (open_.empty() ? "any BEGIN"
                                    : "BEGIN:" + open_.back().name + " of line " + std::to_string(open_.back().line)));
    const bool event_ends = in_event();
    open_.pop_back();
    if (event_ends) finish(property);
  }

  void finish(const ical_property& last) {
    if (!current_.start) {
      if (!seen_.contains("DTSTART")) wrong({last.name, {}, {}, current_.line}, "the VEVENT has no DTSTART");
      return;
    }
    if (current_.end && current_.duration) return wrong(last, "a VEVENT must not have both DTEND and DURATION");
    if (current_.end && current_.end->at < current_.start->at) return wrong(last, "DTEND lies before DTSTART");
    events_.push_back(std::move(current_));
  }

  void take(const ical_property& p) {
    static const std::set<std::string_view> single{"DTSTART", "DTEND", "DURATION", "RRULE",
                                                   "SUMMARY", "UID",   "STATUS",   "RECURRENCE-ID"};
    if (single.contains(p.name) && !seen_.insert(p.name).second)
      return wrong(p, p.name + " stands twice in the VEVENT");
    if (p.name == "DTSTART") current_.start = time(p, p.value);
    else if (p.name == "DTEND") current_.end = time(p, p.value);
    else if (p.name == "DURATION") duration(p);
    else if (p.name == "SUMMARY") current_.name = shortened(unescape_ical_text(p.value), name_bytes_max);
    else if (p.name == "UID") current_.uid = p.value;
    else if (p.name == "STATUS") current_.cancelled = in_capitals(p.value) == "CANCELLED";
    else if (p.name == "RRULE") rule(p);
    else if (p.name == "RDATE") dates(p, current_.added);
    else if (p.name == "EXDATE") dates(p, current_.left_out);
    else if (p.name == "RECURRENCE-ID") replaced(p);
    else if (p.name == "EXRULE") wrong(p, "EXRULE is not supported; use EXDATE");
  }

  std::optional<ical_time> time(const ical_property& p, std::string_view text) {
    auto t = parse_ical_time(text);
    if (!t) wrong(p, p.name + " must be a date such as 20261225 or a time such as 20261225T090000");
    return t;
  }

  void duration(const ical_property& p) {
    current_.duration = parse_ical_duration(p.value);
    if (!current_.duration) wrong(p, "DURATION must be one such as P1D or PT12H, at most 10000 days");
  }

  void rule(const ical_property& p) {
    auto parsed = parse_yearly_rule(p.value);
    if (parsed) current_.rule = std::move(*parsed);
    else wrong(p, parsed.error());
  }

  void dates(const ical_property& p, std::set<local_days>& out) {
    if (in_capitals(p.parameter("VALUE")) == "PERIOD") return wrong(p, p.name + " with VALUE=PERIOD is not supported");
    std::string_view rest = p.value;
    do {
      const auto t = time(p, take_part(rest, ','));
      if (!t) return;
      out.insert(std::chrono::floor<days>(t->at));
    } while (!rest.empty());
  }

  void replaced(const ical_property& p) {
    if (!p.parameter("RANGE").empty()) return wrong(p, "RECURRENCE-ID with RANGE is not supported");
    if (const auto t = time(p, p.value)) current_.replaces = std::chrono::floor<days>(t->at);
  }

  void wrong(const ical_property& at, std::string message) {
    if (message.size() > message_bytes_max) message = shortened(std::move(message), message_bytes_max) + "…";
    problems_.push_back({"", std::move(message), at.line, 0});
  }

  std::vector<problem>& problems_;
  std::vector<component> open_;
  std::vector<event> events_;
  event current_;
  std::set<std::string> seen_;
};

/// Dates that an event takes away from others of its UID, which it replaces there.
class replaced_dates {
public:
  explicit replaced_dates(const std::vector<event>& events) {
    for (const auto& e : events)
      if (e.replaces && !e.uid.empty()) by_uid_[e.uid].insert(*e.replaces);
  }

  /// Null if there are none.
  [[nodiscard]] const std::set<local_days>* of(const event& e) const {
    const auto found = e.replaces ? by_uid_.end() : by_uid_.find(e.uid);
    return found == by_uid_.end() ? nullptr : &found->second;
  }

private:
  std::map<std::string_view, std::set<local_days>> by_uid_;
};

/// Puts the dates of events into a calendar, those of the wanted years.
class holiday_collector {
public:
  holiday_collector(year_range years, const std::vector<event>& events)
      : years_(years), first_(std::chrono::year{years.first} / 1 / 1), end_(std::chrono::year{years.last + 1} / 1 / 1),
        replaced_(events) {}

  /// False if there are too many, or the rules take too long.
  bool add(const event& e) {
    auto starts = e.added;
    if (!recurrences(e, starts)) return false;
    for (const auto date : e.left_out) starts.erase(date);
    const auto* replaced = replaced_.of(e);
    for (const auto date : starts) {
      if (replaced && replaced->contains(date)) continue;
      for (auto day = std::max(date, first_), stop = std::min(date + e.length(), end_); day < stop; day += days{1}) {
        days_.try_emplace(day, e.name);
        if (days_.size() > holidays_max || ++effort_ > effort_max) return false;
      }
    }
    return true;
  }

  std::vector<holiday> take() && {
    std::vector<holiday> out;
    out.reserve(days_.size());
    for (auto& [date, name] : days_) out.push_back({date, std::move(name)});
    return out;
  }

private:
  /// The first day is the first recurrence, whatever the rule says.
  bool recurrences(const event& e, std::set<local_days>& starts) {
    const auto start = e.first_day();
    starts.insert(start);
    if (!e.rule) return true;
    const auto& rule = *e.rule;
    int counted = 1;
    const int first_year = static_cast<int>(std::chrono::year_month_day{start}.year());
    int year = first_year;
    // Without a count what lies long before the wanted years can be left out; an event may last into the next year.
    if (!rule.count && years_.first - 1 > year) year += (years_.first - 1 - year) / rule.interval * rule.interval;
    for (; year <= years_.last; year += rule.interval) {
      const auto dates = dates_in_year(rule, start, year);
      effort_ += 32 + dates.size();
      if (effort_ > effort_max) return false;
      for (const auto date : dates) {
        if (date <= start) continue;
        if ((rule.until && date > *rule.until) || (rule.count && counted >= *rule.count)) return true;
        ++counted;
        starts.insert(date);
      }
    }
    return true;
  }

  year_range years_;
  local_days first_;
  local_days end_;
  replaced_dates replaced_;
  std::map<local_days, std::string> days_;
  std::size_t effort_ = 0;
};

unexpected<error> refused(std::vector<problem> problems) {
  std::string message;
  for (const auto& p : problems)
    message += (message.empty() ? "" : "; ") + ("line " + std::to_string(p.line) + ": " + p.message);
  return unexpected(error{errc::invalid_argument, std::move(message), std::move(problems)});
}

} // namespace

result<std::vector<holiday>> import_holidays(std::string_view text, year_range years) {
  if (text.size() > icalendar_bytes_max) return fail(errc::too_large, "an iCalendar text has at most 1 MiB");
  if (years.first < 1 || years.last > 9999 || years.last < years.first || years.last - years.first >= years_max)
    return fail(errc::invalid_argument, "the years must be a range of at most 200 years, such as 2026 to 2030");

  std::vector<problem> problems;
  const auto properties = read_ical_lines(text, problems);
  const auto events = event_reader{problems}.read(properties);
  if (problems.size() > problems_max) problems.resize(problems_max);
  if (!problems.empty()) return refused(std::move(problems));

  holiday_collector collector{years, events};
  for (const auto& e : events)
    if (!e.cancelled && !collector.add(e))
      return fail(errc::too_large, "the events give more than " + std::to_string(holidays_max) +
                                     " days, or their rules take too long to work out; name fewer years");
  return std::move(collector).take();
}

} // namespace penstock
