#pragma once

#include "runtime/seams.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

namespace penstock {

/// A clock that never runs backwards and never stands still. It shows the wall clock's time; while that is behind what was
/// shown before (the wall clock was put back, or data was written under a clock that was ahead), it goes on a tenth slower
/// than time does, until the wall clock has caught up. Thread-safe.
class forward_clock final : public clock_source {
public:
  /// Time that has passed since some moment, whatever happens to the wall clock.
  using tick_source = std::function<std::chrono::nanoseconds()>;

  /// @param from the latest time that was ever shown.
  forward_clock(std::shared_ptr<const clock_source> wall, tick_source ticks, timestamp from);

  [[nodiscard]] timestamp now() const override;

private:
  std::shared_ptr<const clock_source> wall_;
  tick_source ticks_;
  mutable std::mutex mutex_;
  mutable std::chrono::nanoseconds shown_;    ///< Since the epoch.
  mutable std::chrono::nanoseconds shown_at_; ///< By `ticks_`.
};

/// The system's monotonic clock.
[[nodiscard]] forward_clock::tick_source system_ticks();

} // namespace penstock
