#pragma once

#include "runtime/calendar/cron_times.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace penstock {

/// From `start` until just before `end`.
struct single_window {
  timestamp start;
  timestamp end;

  friend bool operator==(const single_window&, const single_window&) = default;
};

/// Begins whenever `cron` fires in the schedule's zone and lasts `duration` of real time.
struct recurring_window {
  cron_fields cron;
  milliseconds duration;

  friend bool operator==(const recurring_window&, const recurring_window&) = default;
};

/// On each of `weekdays` (bit n = weekday n, 0 = Sunday) from one local time of day until just before another, which
/// lies on the next day if it is not later. Holds whenever clocks in the schedule's zone show such a time.
struct weekly_window {
  std::uint8_t weekdays = 0;
  std::uint16_t from_minute = 0; ///< Minutes since local midnight, 0 to 1439.
  std::uint16_t to_minute = 0;   ///< As above; 1440 = the end of the day.

  friend bool operator==(const weekly_window&, const weekly_window&) = default;
};

/// A time in which a schedule does not fire. What would fire inside a window is skipped, not put off.
using maintenance_window = std::variant<single_window, recurring_window, weekly_window>;

/// The most windows a schedule may have, and the longest recurring one.
inline constexpr std::size_t maintenance_windows_max = 32;
inline constexpr milliseconds recurring_window_max = std::chrono::hours{24 * 31};

/// A stretch of time from `begin` until just before `end`.
struct time_span {
  timestamp begin;
  timestamp end;

  friend bool operator==(const time_span&, const time_span&) = default;
};

/// A stretch around `t` that lies in the window altogether, if `t` does. The window may reach further on both sides.
[[nodiscard]] std::optional<time_span> window_around(const maintenance_window& window, const time_zone& zone,
                                                     timestamp t);

/// Reads the windows of a schedule, a list of objects of these forms:
///   {"start": "2026-12-24T18:00:00Z", "end": "2026-12-27T06:00:00+01:00"}
///   {"cron": "0 2 * * SUN", "durationMinutes": 90}
///   {"days": ["MON", "FRI"], "from": "22:00", "to": "02:00"}, without "days" on every day
/// "start" and "from", "end" and "to" mean the same; other members are ignored.
/// Null is no window.
/// @returns `errc::invalid_argument` with a problem for each mistake, its field being `field`[n].member.
[[nodiscard]] result<std::vector<maintenance_window>> parse_maintenance_windows(const value& windows,
                                                                                std::string_view field);

} // namespace penstock
