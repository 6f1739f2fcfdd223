#pragma once

#include "runtime/calendar/cron_syntax.hpp"
#include "runtime/calendar/time_zone.hpp"

#include <optional>

namespace penstock {

// When a cron expression fires, changes of the clocks included (docs/decisions/0005-clock-changes.md):
//
// * An expression that leaves out any hour has fixed hours. It fires for every date and time of day that matches, at
//   the first moment when the clocks of the zone show that time or a later one. So a time that is skipped fires at the
//   end of the gap, several that one gap skips fire there once, and one that is repeated fires at its first passing.
// * With all 24 hours (`*`, `*/1`, `0-23`) it fires whenever the clocks show a matching time: in an overlap at both
//   passings, in a gap not at all.
//
// This holds for changes of every length, such as the 30 minutes at Lord Howe. On a date that a zone leaves out
// altogether, as Samoa did with 2011-12-30, nothing fires.

/// The first firing after `after`, which is itself excluded. Takes the same time however far away that is.
/// @returns nothing if there is none within nine years (29 February returns after at most eight), or if `after` lies
/// outside the years 1 to 9989.
[[nodiscard]] std::optional<timestamp> next_time(const cron_fields& fields, const time_zone& zone, timestamp after);

/// The last firing at or before `until`.
/// @returns nothing under the conditions of `next_time`.
[[nodiscard]] std::optional<timestamp> previous_time(const cron_fields& fields, const time_zone& zone, timestamp until);

} // namespace penstock
