#pragma once

#include "runtime/calendar/time_zone.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Bit n is the weekday n, 0 (Sunday) to 6, as in `cron_fields::weekdays`.
inline constexpr std::uint8_t monday_to_friday = 0b0111110;

/// Whether `date` falls on one of `weekdays`.
[[nodiscard]] bool is_on_weekday(local_days date, std::uint8_t weekdays) noexcept;

/// A date, whatever the zone, on which a schedule that skips holidays does not fire.
struct holiday {
  local_days date;
  std::string name; ///< May be empty.

  friend bool operator==(const holiday&, const holiday&) = default;
};

/// The most dates a calendar may hold.
inline constexpr std::size_t holidays_max = 10'000;

/// A set of holidays. Immutable.
class holiday_calendar {
public:
  holiday_calendar() = default;
  /// Takes dates in any order; of several with one date the first stays.
  explicit holiday_calendar(std::vector<holiday> days);

  [[nodiscard]] bool contains(local_days date) const noexcept;
  /// In order of date.
  [[nodiscard]] const std::vector<holiday>& days() const noexcept { return days_; }

private:
  std::vector<holiday> days_;
};

/// Reads a date as "2026-12-25". @returns nothing for anything else.
[[nodiscard]] std::optional<local_days> parse_date(std::string_view text) noexcept;
/// Writes a date of the years 0 to 9999 as "2026-12-25".
[[nodiscard]] std::string to_text(local_days date);

} // namespace penstock
