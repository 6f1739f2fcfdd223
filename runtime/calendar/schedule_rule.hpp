#pragma once

#include "runtime/calendar/maintenance_window.hpp"
#include "runtime/calendar/working_days.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace penstock {

/// When a schedule fires: at the instants of a cron expression, less those that fall, by the zone's clocks at that
/// instant, on a day that does not count or into a maintenance window. An instant that is ruled out is skipped, not put
/// off.
struct schedule_rule {
  cron_fields cron;
  time_zone zone;
  bool business_days_only = false;
  std::uint8_t business_weekdays = monday_to_friday; ///< What `business_days_only` means.
  bool skip_holidays = false;
  const holiday_calendar* holidays = nullptr; ///< What `skip_holidays` means; null = none known. Not owned.
  std::vector<maintenance_window> windows;    ///< At most `maintenance_windows_max`.
};

/// How many stretches of ruled-out time a search goes through before it gives up.
inline constexpr std::size_t ruled_out_max = 10'000;

/// The first firing after `after`, which is itself excluded.
/// @returns nothing if there is none within nine years or behind `ruled_out_max` stretches of ruled-out time.
[[nodiscard]] std::optional<timestamp> next_firing(const schedule_rule& rule, timestamp after);

/// The last firing at or before `until`. @returns nothing under the conditions of `next_firing`.
[[nodiscard]] std::optional<timestamp> previous_firing(const schedule_rule& rule, timestamp until);

/// How many a whole preview goes through: a rule may fire once behind thousands of them.
inline constexpr std::size_t preview_ruled_out_max = 20'000;

/// The first `limit` firings after `from`, fewer if the rule runs out, or at `preview_ruled_out_max`.
[[nodiscard]] std::vector<timestamp> preview(const schedule_rule& rule, timestamp from, std::size_t limit);

/// What is wrong with a rule as a whole, at the time `now`: too many windows, or that it never fires, with what rules
/// its instants out. Fields are named "cron", "businessDaysOnly", "skipHolidays" and "maintenanceWindows". Empty if all
/// is well.
[[nodiscard]] std::vector<problem> check_rule(const schedule_rule& rule, timestamp now);

} // namespace penstock
