#pragma once

#include "runtime/error.hpp"

#include <cstdint>
#include <string_view>

namespace penstock {

/// A five-field cron expression as sets: bit n of a field stands for the value n.
struct cron_fields {
  std::uint64_t minutes = 0; ///< 0 to 59.
  std::uint32_t hours = 0;   ///< 0 to 23.
  std::uint32_t days = 0;    ///< 1 to 31.
  std::uint16_t months = 0;  ///< 1 to 12.
  std::uint8_t weekdays = 0; ///< 0 (Sunday) to 6; a written 7 is Sunday too.
  /// Not a plain `*`. With both restricted a day fires that satisfies either (`*/2` counts as restricted).
  bool days_restricted = false;
  bool weekdays_restricted = false;

  friend bool operator==(const cron_fields&, const cron_fields&) = default;
};

/// Reads `minute hour day-of-month month day-of-week`: numbers, names of months and weekdays, ranges, lists and steps.
/// @returns `errc::invalid_argument` with a problem for every field that is wrong, or for days that never come
/// (30 February). Macros such as `@daily` and a field of seconds are refused with what to write instead.
[[nodiscard]] result<cron_fields> parse_cron(std::string_view text);

} // namespace penstock
