#pragma once

#include "runtime/calendar/maintenance_window.hpp"
#include "runtime/calendar/time_zone.hpp"
#include "runtime/model/schedule.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

/// The most intervals of one backfill.
inline constexpr std::uint64_t intervals_max = 100'000;

/// Both are dates ("2025-11-01", in the zone) or RFC 3339 times, and both are included: a date as a whole day, a time
/// as the interval that it lies in.
struct interval_request {
  std::string_view from;
  std::string_view to;
  granularity each = granularity::daily;
  time_zone zone;
};

/// The intervals that a backfill runs over, side by side from `from` on: hours of real time (a day on which the clocks
/// change has 23 or 25), days, weeks of seven days, and months, by the zone's clocks. A month from the 31st ends on a
/// shorter month's last day. If `to` is a date, the last interval ends with that day at the latest.
class backfill_intervals {
public:
  /// @returns `errc::invalid_argument` if an end cannot be read, `from` lies after `to` (both are named), or there are
  /// more than `intervals_max`; the problem names the field "from" or "to".
  [[nodiscard]] static result<backfill_intervals> make(const interval_request& request);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// The n-th interval, n < `size()`, in constant time. A day that the zone skips is an interval of no length.
  [[nodiscard]] time_span operator[](std::uint64_t n) const noexcept;

private:
  backfill_intervals() = default;
  [[nodiscard]] timestamp start_of(std::uint64_t n) const noexcept;

  granularity each_ = granularity::daily;
  time_zone zone_;
  timestamp first_;              ///< Where the first one starts.
  local_timestamp local_first_;  ///< The same by the zone's clocks.
  std::optional<timestamp> cut_; ///< Where the last one ends at the latest.
  std::uint64_t size_ = 0;
};

} // namespace penstock
