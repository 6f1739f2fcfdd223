#include "runtime/calendar/maintenance_window.hpp"

#include <algorithm>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::minutes;

constexpr minutes day_length{24 * 60};

std::optional<time_span> around(const single_window& window, const time_zone&, timestamp t) {
  if (t < window.start || t >= window.end) return std::nullopt;
  return time_span{window.start, window.end};
}

/// Of windows that overlap, the one begun last: it ends last.
std::optional<time_span> around(const recurring_window& window, const time_zone& zone, timestamp t) {
  const auto start = previous_time(window.cron, zone, t);
  if (!start || t >= *start + window.duration) return std::nullopt;
  return time_span{*start, *start + window.duration};
}

/// Looks at the clocks alone, within the time in which they simply run.
std::optional<time_span> around(const weekly_window& window, const time_zone& zone, timestamp t) {
  const auto periods = zone.periods();
  const auto i = zone.period_at(t);
  const auto& period = periods[i];
  const local_timestamp local{t.time_since_epoch() + period.offset};
  const auto today = std::chrono::floor<days>(local);
  const auto length =
    minutes{window.to_minute - window.from_minute} + (window.to_minute <= window.from_minute ? day_length : minutes{0});
  for (const auto date : {today, today - days{1}}) {
    const local_timestamp begin = date + minutes{window.from_minute};
    if (!(window.weekdays >> std::chrono::weekday{date}.c_encoding() & 1)) continue;
    if (local < begin || local >= begin + length) continue;
    time_span span{timestamp{begin.time_since_epoch() - period.offset},
                   timestamp{(begin + length).time_since_epoch() - period.offset}};
    span.begin = std::max(span.begin, period.begin);
    if (i + 1 < periods.size()) span.end = std::min(span.end, periods[i + 1].begin);
    return span;
  }
  return std::nullopt;
}

} // namespace

std::optional<time_span> window_around(const maintenance_window& window, const time_zone& zone, timestamp t) {
  return std::visit([&](const auto& w) { return around(w, zone, t); }, window);
}

} // namespace penstock
