#include "runtime/calendar/schedule_rule.hpp"

#include <algorithm>
#include <string>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr auto reach = days{9 * 366};

/// The part of a local date around `t` in which the clocks simply run.
time_span day_around(const time_zone& zone, timestamp t) {
  const auto periods = zone.periods();
  const auto i = zone.period_at(t);
  const local_timestamp local{t.time_since_epoch() + periods[i].offset};
  const local_timestamp midnight{std::chrono::floor<days>(local)};
  const timestamp begin{midnight.time_since_epoch() - periods[i].offset};
  const timestamp end = begin + days{1};
  return {std::max(begin, periods[i].begin), i + 1 < periods.size() ? std::min(end, periods[i + 1].begin) : end};
}

/// A stretch of ruled-out time around `t`; nothing if the rule may fire at `t`.
std::optional<time_span> ruled_out(const schedule_rule& rule, timestamp t) {
  if (rule.business_days_only || (rule.skip_holidays && rule.holidays)) {
    const auto date = rule.zone.local_date(t);
    if (rule.business_days_only && !is_on_weekday(date, rule.business_weekdays)) return day_around(rule.zone, t);
    if (rule.skip_holidays && rule.holidays && rule.holidays->contains(date)) return day_around(rule.zone, t);
  }
  for (const auto& window : rule.windows)
    if (const auto span = window_around(window, rule.zone, t)) return span;
  return std::nullopt;
}

/// @param stretches of ruled-out time that may still be stepped over.
std::optional<timestamp> next_firing_within(const schedule_rule& rule, timestamp after, std::size_t& stretches) {
  for (auto from = after;;) {
    const auto t = next_time(rule.cron, rule.zone, from);
    if (!t || *t - after > reach) return std::nullopt;
    const auto span = ruled_out(rule, *t);
    if (!span) return t;
    if (stretches == 0) return std::nullopt;
    --stretches;
    from = span->end - 1ms;
  }
}

bool fires(const schedule_rule& rule, timestamp now) { return next_firing(rule, now).has_value(); }

struct restriction {
  std::string field;
  std::string words;
  schedule_rule without;
};

/// What takes instants out of the rule, each with the rule as it would be without.
std::vector<restriction> restrictions_of(const schedule_rule& rule) {
  std::vector<restriction> out;
  if (rule.business_days_only) {
    out.push_back({"businessDaysOnly", "its days are not business days", rule});
    out.back().without.business_days_only = false;
  }
  if (rule.skip_holidays && rule.holidays) {
    out.push_back({"skipHolidays", "its days are holidays", rule});
    out.back().without.skip_holidays = false;
  }
  if (!rule.windows.empty()) {
    out.push_back({"maintenanceWindows", "its times lie in maintenance windows", rule});
    out.back().without.windows.clear();
  }
  return out;
}

} // namespace

std::optional<timestamp> next_firing(const schedule_rule& rule, timestamp after) {
  auto stretches = ruled_out_max;
  return next_firing_within(rule, after, stretches);
}

std::optional<timestamp> previous_firing(const schedule_rule& rule, timestamp until) {
  auto to = until;
  for (std::size_t i = 0; i <= ruled_out_max; ++i) {
    const auto t = previous_time(rule.cron, rule.zone, to);
    if (!t || until - *t > reach) return std::nullopt;
    const auto span = ruled_out(rule, *t);
    if (!span) return t;
    to = span->begin - 1ms;
  }
  return std::nullopt;
}

std::vector<timestamp> preview(const schedule_rule& rule, timestamp from, std::size_t limit) {
  std::vector<timestamp> firings;
  auto stretches = preview_ruled_out_max;
  while (firings.size() < limit) {
    const auto t = next_firing_within(rule, firings.empty() ? from : firings.back(), stretches);
    if (!t) break;
    firings.push_back(*t);
  }
  return firings;
}

std::vector<problem> check_rule(const schedule_rule& rule, timestamp now) {
  if (rule.windows.size() > maintenance_windows_max)
    return {{"maintenanceWindows", "there may be at most " + std::to_string(maintenance_windows_max) +
                                     " maintenance windows, not " + std::to_string(rule.windows.size())}};
  if (fires(rule, now)) return {};
  if (!next_time(rule.cron, rule.zone, now))
    return {{"cron", "the expression does not fire within the next nine years"}};
  auto restrictions = restrictions_of(rule);
  // One of them alone may be the reason; else they are it together.
  const auto alone =
    std::find_if(restrictions.begin(), restrictions.end(), [&](const restriction& r) { return fires(r.without, now); });
  if (alone != restrictions.end()) restrictions = {*alone};
  std::vector<problem> problems;
  for (const auto& r : restrictions) problems.push_back({r.field, "the schedule would never fire: " + r.words});
  return problems;
}

} // namespace penstock
