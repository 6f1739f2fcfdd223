#include "actors/core/timer_core.hpp"

#include "runtime/lifecycle/run.hpp"

#include <algorithm>
#include <tuple>

namespace penstock {

bool is_of_schedule(const keys::timer& timer) noexcept {
  return timer.kind == static_cast<std::uint8_t>(timer_kind::fire_schedule);
}

bool timer_core::sooner::operator()(const keys::timer& a, const keys::timer& b) const noexcept {
  const auto place = [](const keys::timer& t) {
    return std::tie(t.due, t.partition, t.kind, t.id, t.task, t.item, t.attempt);
  };
  return place(a) < place(b);
}

void timer_core::refill(timestamp now) {
  // Twice the window, so that nothing falls between two calls that come late.
  known_until_ = now + 2 * window;
  for (partition_id p = 0; p <= partition_count_; ++p)
    state_.scan(family::timers, keys::timers_prefix(p), keys::timers_until(p, known_until_),
                [&](std::string_view key, std::string_view bytes) {
                  if (const auto timer = keys::timer::decode(key, bytes)) held_.insert(*timer);
                  return true;
                });
}

void timer_core::arm(const keys::timer& timer) {
  if (timer.due <= known_until_) held_.insert(timer);
}

std::vector<keys::timer> timer_core::take_due(timestamp now) {
  const auto end = std::find_if(held_.begin(), held_.end(), [&](const keys::timer& t) { return t.due > now; });
  std::vector<keys::timer> out(held_.begin(), end);
  held_.erase(held_.begin(), end);
  return out;
}

std::vector<keys::timer> timer_core::take_notice(timestamp now) {
  const auto until = now + ahead;
  std::vector<keys::timer> out;
  keys::timer first;
  first.due = noticed_until_ + milliseconds{1};
  for (auto it = held_.lower_bound(first); it != held_.end() && it->due <= until; ++it)
    if (is_of_schedule(*it)) out.push_back(*it);
  noticed_until_ = std::max(noticed_until_, until);
  return out;
}

std::optional<timestamp> timer_core::next() const {
  if (held_.empty()) return std::nullopt;
  return held_.begin()->due;
}

} // namespace penstock
