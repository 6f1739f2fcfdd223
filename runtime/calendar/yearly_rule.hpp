#pragma once

#include "runtime/calendar/time_zone.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// A recurrence rule of RFC 5545 (section 3.3.10) with FREQ=YEARLY.
struct yearly_rule {
  /// Which of a weekday's dates in a month or year.
  struct ordinals {
    bool all = false;
    std::uint64_t from_begin = 0; ///< Bit n = the n-th, 1 to 53.
    std::uint64_t from_end = 0;   ///< Bit n = the n-th from the end.
  };
  int interval = 1;
  std::optional<int> count;
  std::optional<local_days> until;       ///< The last date on which it may recur.
  std::uint16_t months = 0;              ///< Bits 1 to 12; 0 = not restricted.
  std::uint32_t month_days = 0;          ///< Bits 1 to 31.
  std::uint32_t month_days_from_end = 0; ///< Bit 1 = the last day of the month.
  std::array<ordinals, 7> weekdays;      ///< From Sunday on.
  bool restricts_weekdays = false;       ///< Whether one of `weekdays` says anything.
};

/// Reads a rule such as "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH". Of UNTIL with a time the date counts.
/// @returns the reason why it cannot be used, naming the part.
[[nodiscard]] expected<yearly_rule, std::string> parse_yearly_rule(std::string_view text);

/// The dates of one year by the parts of a rule, in order; `start` gives the month and day that the rule leaves open.
/// Interval, count and end of the rule do not matter here.
[[nodiscard]] std::vector<local_days> dates_in_year(const yearly_rule& rule, local_days start, int year);

} // namespace penstock
