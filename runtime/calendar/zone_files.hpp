#pragma once

#include "runtime/calendar/time_zone.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct zone_table {
  std::string name;
  std::vector<zone_period> periods;
};

/// What holds before the first change: far enough back for all times that can be written, not too far to be added to.
[[nodiscard]] constexpr zone_period first_period(milliseconds offset) {
  constexpr auto begin = std::chrono::year{-9999} / 1 / 1;
  return {std::chrono::sys_days{begin}, offset, local_days{begin}};
}

/// Reads a zone of the system's database.
/// @returns as `find_time_zone`.
[[nodiscard]] result<zone_table> read_zone(std::string_view name);

} // namespace penstock
