#pragma once

#include "runtime/error.hpp"
#include "runtime/model/time.hpp"

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace penstock {

/// What clocks in a zone show, without saying where on earth: to the millisecond.
using local_timestamp = std::chrono::local_time<milliseconds>;
/// A date on a calendar in a zone.
using std::chrono::local_days;

struct zone_table;

/// A stretch of time in which local time and UTC differ by the same amount.
struct zone_period {
  timestamp begin;     ///< Its first moment; it ends where the next one begins.
  milliseconds offset; ///< Local time minus UTC; whole seconds.
  /// Before `begin` the zone's clocks have shown every local time below this, or passed over it.
  local_timestamp reached;
};

/// A time zone of the IANA database. A handle as cheap as a pointer to a table that never changes and never goes away,
/// so it may be copied and used by any thread. Daylight saving goes on by the zone's last rule until the year 2200;
/// after that the clocks stay as they are.
class time_zone {
public:
  /// UTC.
  time_zone();

  /// The name it was found by, for example "Europe/Warsaw".
  [[nodiscard]] const std::string& name() const noexcept;

  /// What clocks show at `t`.
  [[nodiscard]] local_timestamp to_local(timestamp t) const noexcept;
  /// The local date of `t`.
  [[nodiscard]] local_days local_date(timestamp t) const noexcept;

  /// The first moment at which clocks show `local` or a later time. For a time that is skipped that is the end of the
  /// gap, for one that is repeated its first passing. Never decreases when `local` grows.
  [[nodiscard]] timestamp first_passing(local_timestamp local) const noexcept;
  /// The first moment of a local date; of a date that the zone skips, the end of the gap.
  [[nodiscard]] timestamp start_of_day(local_days date) const noexcept;

  /// In order of time; never empty. The first one has no beginning that matters.
  [[nodiscard]] std::span<const zone_period> periods() const noexcept;
  /// Which of `periods()` holds `t`.
  [[nodiscard]] std::size_t period_at(timestamp t) const noexcept;

  friend bool operator==(const time_zone& a, const time_zone& b) noexcept { return a.table_ == b.table_; }

private:
  explicit time_zone(const zone_table& table) noexcept : table_(&table) {}
  friend result<time_zone> find_time_zone(std::string_view name);

  const zone_table* table_;
};

/// Finds a zone of the system's time zone database by its exact name; "UTC" works without a database.
/// @returns `errc::invalid_argument` for an unknown name, with the nearest known one; `errc::unavailable` if the
/// machine has no database (Debian package tzdata) or it cannot be read. Reads a file at the first use of each zone.
[[nodiscard]] result<time_zone> find_time_zone(std::string_view name);

} // namespace penstock
