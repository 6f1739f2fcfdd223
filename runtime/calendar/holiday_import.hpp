#pragma once

#include "runtime/calendar/working_days.hpp"

namespace penstock {

/// The years whose holidays are wanted, both included.
struct year_range {
  int first;
  int last;
};

/// The largest iCalendar text that is read, in bytes.
inline constexpr std::size_t icalendar_bytes_max = 1 << 20;

/// Reads the holidays of an iCalendar text (RFC 5545): every VEVENT with DTSTART (a date, or a date and time, which
/// counts as its date as written), DTEND or DURATION, SUMMARY, RRULE, RDATE and EXDATE. Rules are expanded over
/// `years`, at most 200 of them. Cancelled events are left out. Supported of rules: FREQ=YEARLY with BYMONTH,
/// BYMONTHDAY, BYDAY (with ordinals, such as 4TH or -1MO), COUNT, UNTIL, INTERVAL and WKST.
/// @returns in order of date; `errc::invalid_argument` with a problem (its line in the text) for each mistake, an
/// unsupported part of a rule included; `errc::too_large` above 1 MiB or `holidays_max` days.
[[nodiscard]] result<std::vector<holiday>> import_holidays(std::string_view text, year_range years);

} // namespace penstock
