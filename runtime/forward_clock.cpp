#include "runtime/forward_clock.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// Whoever sleeps meanwhile hardly notices; two hours are made good within a day.
constexpr auto slowed_down(std::chrono::nanoseconds passed) { return passed * 9 / 10; }

} // namespace

forward_clock::forward_clock(std::shared_ptr<const clock_source> wall, tick_source ticks, timestamp from)
    : wall_(std::move(wall)), ticks_(std::move(ticks)), shown_(from.time_since_epoch()), shown_at_(ticks_()) {}

timestamp forward_clock::now() const {
  const std::lock_guard lock{mutex_};
  const auto at = ticks_();
  const std::chrono::nanoseconds wall = wall_->now().time_since_epoch();
  shown_ = std::max(wall, shown_ + slowed_down(at - shown_at_));
  shown_at_ = at;
  return timestamp{std::chrono::duration_cast<milliseconds>(shown_)};
}

forward_clock::tick_source system_ticks() {
  return [] { return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}; };
}

} // namespace penstock
