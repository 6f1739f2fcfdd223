#include "actors/core/timer_core.hpp"

namespace penstock {

void timer_core::hold(const keys::timer& timer) {
  if (held_.insert(timer.encode()).second) queue_.push(timer);
}

void timer_core::refill(timestamp now) {
  // Twice the window, so that nothing falls between two calls that come late.
  known_until_ = now + 2 * window;
  for (partition_id p = 0; p <= partition_count_; ++p)
    state_.scan(family::timers, keys::timers_prefix(p), keys::timers_until(p, known_until_),
                [&](std::string_view key, std::string_view) {
                  if (const auto timer = keys::timer::decode(key)) hold(*timer);
                  return true;
                });
}

void timer_core::arm(const keys::timer& timer) {
  if (timer.due <= known_until_) hold(timer);
}

std::vector<keys::timer> timer_core::take_due(timestamp now) {
  std::vector<keys::timer> out;
  while (!queue_.empty() && queue_.top().due <= now) {
    out.push_back(queue_.top());
    held_.erase(queue_.top().encode());
    queue_.pop();
  }
  return out;
}

std::optional<timestamp> timer_core::next() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.top().due;
}

} // namespace penstock
