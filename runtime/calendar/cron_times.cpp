#include "runtime/calendar/cron_times.hpp"

#include <algorithm>
#include <bit>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::local_time;
using std::chrono::minutes;
using std::chrono::year;
using std::chrono::year_month;

using local_minutes = local_time<minutes>;

constexpr std::uint32_t all_hours = (1u << 24) - 1;
constexpr int years_searched = 9;
constexpr timestamp earliest{std::chrono::sys_days{year{1} / 1 / 1}};
constexpr timestamp latest{std::chrono::sys_days{year{9990} / 1 / 1}};

bool in_reach(timestamp t) { return t >= earliest && t < latest; }

bool has(std::uint64_t set, unsigned n) { return set >> n & 1; }
unsigned lowest(std::uint64_t set) { return static_cast<unsigned>(std::countr_zero(set)); }
unsigned highest(std::uint64_t set) { return static_cast<unsigned>(std::bit_width(set)) - 1; }
/// The members of `set` that are at least, or at most, n (0 to 62).
std::uint64_t from(std::uint64_t set, unsigned n) { return set >> n << n; }
std::uint64_t up_to(std::uint64_t set, unsigned n) { return set & ((std::uint64_t{2} << n) - 1); }

/// The days of a month that match, as bits 1 to 31; none if the month does not.
std::uint64_t days_of(const cron_fields& fields, year_month month) {
  if (!has(fields.months, static_cast<unsigned>(month.month()))) return 0;
  const auto first = std::chrono::weekday{local_days{month / 1}}.c_encoding();
  const auto length = static_cast<unsigned>((month / std::chrono::last).day());
  // Bit 0 becomes the weekday of the 1st; then the week is repeated over the month.
  const std::uint64_t week = (fields.weekdays | std::uint64_t{fields.weekdays} << 7) >> first & 0x7f;
  const std::uint64_t by_weekday = (week | week << 7 | week << 14 | week << 21 | week << 28) << 1;
  const bool either = fields.days_restricted && fields.weekdays_restricted;
  const std::uint64_t matching = either ? fields.days | by_weekday : fields.days & by_weekday;
  return up_to(matching, length) & ~std::uint64_t{1};
}

/// The first minute at or after `start` that matches, on a calendar without changes of clocks.
std::optional<local_minutes> match_from(const cron_fields& fields, local_minutes start) {
  const auto date = std::chrono::floor<days>(start);
  const std::chrono::year_month_day ymd{date};
  auto month = ymd.year() / ymd.month();
  auto candidates = from(days_of(fields, month), static_cast<unsigned>(ymd.day()));

  if (has(candidates, static_cast<unsigned>(ymd.day()))) {
    const auto minute_of_day = static_cast<unsigned>((start - date).count());
    const auto hour = minute_of_day / 60;
    const auto rest = has(fields.hours, hour) ? from(fields.minutes, minute_of_day % 60) : 0;
    if (rest) return date + minutes{hour * 60 + lowest(rest)};
    const auto hours_left = from(fields.hours, hour + 1);
    if (hours_left) return date + minutes{lowest(hours_left) * 60 + lowest(fields.minutes)};
    candidates = from(candidates, static_cast<unsigned>(ymd.day()) + 1);
  }
  const auto last_year = ymd.year() + std::chrono::years{years_searched};
  while (!candidates) {
    const auto months_left = from(fields.months, static_cast<unsigned>(month.month()) + 1);
    month = months_left ? month.year() / std::chrono::month{lowest(months_left)}
                        : (month.year() + std::chrono::years{1}) / std::chrono::month{lowest(fields.months)};
    if (month.year() > last_year) return std::nullopt;
    candidates = days_of(fields, month);
  }
  return local_days{month / std::chrono::day{lowest(candidates)}} +
         minutes{lowest(fields.hours) * 60 + lowest(fields.minutes)};
}

/// The last minute at or before `end` that matches, likewise.
std::optional<local_minutes> match_to(const cron_fields& fields, local_minutes end) {
  const auto date = std::chrono::floor<days>(end);
  const std::chrono::year_month_day ymd{date};
  auto month = ymd.year() / ymd.month();
  auto candidates = up_to(days_of(fields, month), static_cast<unsigned>(ymd.day()));

  if (has(candidates, static_cast<unsigned>(ymd.day()))) {
    const auto minute_of_day = static_cast<unsigned>((end - date).count());
    const auto hour = minute_of_day / 60;
    const auto rest = has(fields.hours, hour) ? up_to(fields.minutes, minute_of_day % 60) : 0;
    if (rest) return date + minutes{hour * 60 + highest(rest)};
    const auto hours_before = hour > 0 ? up_to(fields.hours, hour - 1) : 0;
    if (hours_before) return date + minutes{highest(hours_before) * 60 + highest(fields.minutes)};
    candidates = up_to(candidates, static_cast<unsigned>(ymd.day()) - 1);
  }
  const auto first_year = ymd.year() - std::chrono::years{years_searched};
  while (!candidates) {
    const auto months_before = up_to(fields.months, static_cast<unsigned>(month.month()) - 1);
    month = months_before ? month.year() / std::chrono::month{highest(months_before)}
                          : (month.year() - std::chrono::years{1}) / std::chrono::month{highest(fields.months)};
    if (month.year() < first_year) return std::nullopt;
    candidates = days_of(fields, month);
  }
  return local_days{month / std::chrono::day{highest(candidates)}} +
         minutes{highest(fields.hours) * 60 + highest(fields.minutes)};
}

std::optional<local_minutes> match_from(const cron_fields& fields, local_timestamp start) {
  return match_from(fields, std::chrono::ceil<minutes>(start));
}

std::optional<local_minutes> match_to(const cron_fields& fields, local_timestamp end) {
  return match_to(fields, std::chrono::floor<minutes>(end));
}

timestamp to_utc(local_minutes local, const zone_period& period) {
  return timestamp{local.time_since_epoch() - period.offset};
}

local_timestamp to_local(timestamp t, const zone_period& period) {
  return local_timestamp{t.time_since_epoch() + period.offset};
}

/// `* hours`: goes from period to period, for in each of them the clocks simply run.
std::optional<timestamp> next_running(const cron_fields& fields, const time_zone& zone, timestamp after) {
  const auto periods = zone.periods();
  auto start = after + 1ms;
  for (auto i = zone.period_at(start); i < periods.size(); ++i) {
    const auto local = match_from(fields, to_local(std::max(start, periods[i].begin), periods[i]));
    if (!local) return std::nullopt;
    const auto t = to_utc(*local, periods[i]);
    if (i + 1 == periods.size() || t < periods[i + 1].begin) return t;
  }
  return std::nullopt;
}

std::optional<timestamp> previous_running(const cron_fields& fields, const time_zone& zone, timestamp until) {
  const auto periods = zone.periods();
  for (auto i = zone.period_at(until);; --i) {
    const auto local = match_to(fields, to_local(until, periods[i]));
    if (!local) return std::nullopt;
    const auto t = to_utc(*local, periods[i]);
    if (i == 0 || t >= periods[i].begin) return t;
    until = periods[i].begin - 1ms;
  }
}

/// Whether the zone has no moment of the date of `local`, of which `t` is the first passing.
bool is_on_skipped_date(const time_zone& zone, local_minutes local, timestamp t) {
  if (zone.to_local(t) == local) return false;
  const auto date = std::chrono::floor<days>(local);
  return zone.start_of_day(date) == zone.start_of_day(date + days{1});
}

/// Fixed hours: searches a calendar without changes of clocks, from what they have shown or passed over so far.
std::optional<timestamp> next_fixed(const cron_fields& fields, const time_zone& zone, timestamp after) {
  const auto& period = zone.periods()[zone.period_at(after)];
  auto local = match_from(fields, std::max(to_local(after, period) + 1ms, period.reached));
  while (local) {
    const auto t = zone.first_passing(*local);
    if (!is_on_skipped_date(zone, *local, t)) return t;
    local = match_from(fields, local_minutes{std::chrono::floor<days>(*local) + days{1}});
  }
  return std::nullopt;
}

std::optional<timestamp> previous_fixed(const cron_fields& fields, const time_zone& zone, timestamp until) {
  const auto& period = zone.periods()[zone.period_at(until)];
  auto local = match_to(fields, std::max(to_local(until, period), period.reached - 1ms));
  while (local) {
    const auto t = zone.first_passing(*local);
    if (!is_on_skipped_date(zone, *local, t)) return t;
    local = match_to(fields, local_minutes{std::chrono::floor<days>(*local)} - 1min);
  }
  return std::nullopt;
}

bool is_empty(const cron_fields& fields) {
  return !fields.minutes || !fields.hours || !fields.months || highest(fields.minutes) > 59 ||
         fields.hours > all_hours || highest(fields.months) > 12;
}

/// A search may end up in the year after the last one it looks at.
std::optional<timestamp> within_reach(std::optional<timestamp> t, timestamp origin) {
  constexpr auto reach = days{years_searched * 366};
  if (!t || *t - origin > reach || origin - *t > reach) return std::nullopt;
  return t;
}

} // namespace

std::optional<timestamp> next_time(const cron_fields& fields, const time_zone& zone, timestamp after) {
  if (!in_reach(after) || is_empty(fields)) return std::nullopt;
  const auto next = fields.hours == all_hours ? next_running : next_fixed;
  return within_reach(next(fields, zone, after), after);
}

std::optional<timestamp> previous_time(const cron_fields& fields, const time_zone& zone, timestamp until) {
  if (!in_reach(until) || is_empty(fields)) return std::nullopt;
  const auto previous = fields.hours == all_hours ? previous_running : previous_fixed;
  return within_reach(previous(fields, zone, until), until);
}

} // namespace penstock
