#include "runtime/calendar/yearly_rule.hpp"

#include "runtime/calendar/icalendar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace penstock {
namespace {

using std::chrono::days;

constexpr int interval_max = 1'000;
constexpr int count_max = 10'000;
constexpr std::array<std::string_view, 7> weekday_names{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

std::optional<int> number(std::string_view text, int low, int high) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || n < low || n > high) return std::nullopt;
  return n;
}

/// Reads the parts of one rule; stops at the first mistake.
class rule_parser {
public:
  expected<yearly_rule, std::string> parse(std::string_view text) {
    bool yearly = false;
    while (!text.empty()) {
      auto value = take_part(text, ';');
      const auto name = take_part(value, '=');
      if (name == "FREQ") {
        if (value != "YEARLY") return no("FREQ=" + std::string{value} + " is not supported, only FREQ=YEARLY");
        yearly = true;
      } else if (!part(name, value)) {
        return no(why_);
      }
    }
    if (!yearly) return no("FREQ is missing; it must be FREQ=YEARLY");
    if (rule_.count && rule_.until) return no("COUNT and UNTIL must not stand in one rule");
    return rule_;
  }

private:
  static unexpected<std::string> no(std::string reason) { return unexpected(std::move(reason)); }

  bool part(std::string_view name, std::string_view value) {
    if (name == "INTERVAL") return limited(name, value, 1, interval_max, rule_.interval);
    if (name == "COUNT") return limited(name, value, 1, count_max, rule_.count.emplace());
    if (name == "UNTIL") return until(value);
    if (name == "BYMONTH") return each(name, value, [&](std::string_view text) { return month(text); });
    if (name == "BYMONTHDAY") return each(name, value, [&](std::string_view text) { return month_day(text); });
    if (name == "BYDAY") return each(name, value, [&](std::string_view text) { return weekday(text); });
    if (name == "WKST") return true; // Matters for weeks only.
    why_ = std::string{name} + " is not supported in RRULE; INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY and BYDAY are";
    return false;
  }

  bool limited(std::string_view name, std::string_view value, int low, int high, int& out) {
    const auto n = number(value, low, high);
    if (n) out = *n;
    else
      why_ = std::string{name} + " must be " + std::to_string(low) + " to " + std::to_string(high) + ", not \"" +
             std::string{value} + "\"";
    return n.has_value();
  }

  bool until(std::string_view value) {
    const auto t = parse_ical_time(value);
    if (t) rule_.until = std::chrono::floor<days>(t->at);
    else why_ = "UNTIL must be a date such as 20301231, not \"" + std::string{value} + "\"";
    return t.has_value();
  }

  template <class Take>
  bool each(std::string_view name, std::string_view values, Take take) {
    do {
      const auto value = take_part(values, ',');
      if (!take(value)) {
        why_ = std::string{name} + " does not take \"" + std::string{value} + "\"";
        return false;
      }
    } while (!values.empty());
    return true;
  }

  bool month(std::string_view text) {
    const auto n = number(text, 1, 12);
    if (n) rule_.months |= static_cast<std::uint16_t>(1u << *n);
    return n.has_value();
  }

  bool month_day(std::string_view text) {
    const auto n = number(text, -31, 31);
    if (!n || *n == 0) return false;
    (*n > 0 ? rule_.month_days : rule_.month_days_from_end) |= 1u << std::abs(*n);
    return true;
  }

  /// "TH", "4TH" or "-1MO".
  bool weekday(std::string_view text) {
    if (text.size() < 2) return false;
    const auto name = std::find(weekday_names.begin(), weekday_names.end(), text.substr(text.size() - 2));
    if (name == weekday_names.end()) return false;
    auto& ordinals = rule_.weekdays[static_cast<std::size_t>(name - weekday_names.begin())];
    rule_.restricts_weekdays = true;
    const auto ordinal = text.substr(0, text.size() - 2);
    if (ordinal.empty()) return ordinals.all = true;
    const auto n = number(ordinal, -53, 53);
    if (!n || *n == 0) return false;
    (*n > 0 ? ordinals.from_begin : ordinals.from_end) |= std::uint64_t{1} << std::abs(*n);
    return true;
  }

  yearly_rule rule_;
  std::string why_;
};

/// The first day of a stretch and the first one after it.
struct stretch {
  local_days begin;
  local_days end;
};

/// Whether `date` is one of the weekdays of the rule, their ordinals counted within `in`.
bool is_wanted_weekday(const yearly_rule& rule, local_days date, stretch in) {
  const auto& wanted = rule.weekdays[std::chrono::weekday{date}.c_encoding()];
  const auto weeks_before = (date - in.begin).count() / 7;
  const auto weeks_after = ((in.end - date).count() - 1) / 7;
  return wanted.all || wanted.from_begin >> (weeks_before + 1) & 1 || wanted.from_end >> (weeks_after + 1) & 1;
}

bool is_wanted_month_day(const yearly_rule& rule, local_days date, stretch month) {
  const auto from_begin = (date - month.begin).count() + 1;
  const auto from_end = (month.end - date).count();
  return rule.month_days >> from_begin & 1 || rule.month_days_from_end >> from_end & 1;
}

} // namespace

expected<yearly_rule, std::string> parse_yearly_rule(std::string_view text) {
  const auto capitals = in_capitals(text);
  return rule_parser{}.parse(capitals);
}

std::vector<local_days> dates_in_year(const yearly_rule& rule, local_days start, int year) {
  const std::chrono::year_month_day first{start};
  const bool by_month_day = rule.month_days || rule.month_days_from_end;
  const bool open_day = !by_month_day && !rule.restricts_weekdays;
  const stretch whole_year{local_days{std::chrono::year{year} / 1 / 1},
                           local_days{std::chrono::year{year + 1} / 1 / 1}};
  std::vector<local_days> dates;
  for (unsigned m = 1; m <= 12; ++m) {
    if (rule.months && !(rule.months >> m & 1)) continue;
    if (!rule.months && open_day && std::chrono::month{m} != first.month()) continue;
    const auto month = std::chrono::year{year} / std::chrono::month{m};
    const stretch days_of_month{local_days{month / 1}, local_days{month / std::chrono::last} + days{1}};
    for (auto date = days_of_month.begin; date < days_of_month.end; date += days{1}) {
      if (open_day && date != days_of_month.begin + (start - local_days{first.year() / first.month() / 1})) continue;
      if (by_month_day && !is_wanted_month_day(rule, date, days_of_month)) continue;
      // Ordinals count within the month if the rule names months, else within the year.
      if (rule.restricts_weekdays && !is_wanted_weekday(rule, date, rule.months ? days_of_month : whole_year)) continue;
      dates.push_back(date);
    }
  }
  return dates;
}

} // namespace penstock
