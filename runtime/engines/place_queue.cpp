#include "runtime/engines/place_queue.hpp"

#include <algorithm>

namespace penstock {

void place_queue::enter(const attempt_ref& who, std::function<void()> begin) {
  {
    const std::lock_guard lock(mutex_);
    if (taken_ >= places_) {
      queue_.push_back({who, std::move(begin)});
      return;
    }
    ++taken_;
  }
  begin();
}

void place_queue::leave() {
  std::function<void()> next;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) {
      --taken_;
      return;
    }
    next = std::move(queue_.front().begin);
    queue_.pop_front();
  }
  next();
}

bool place_queue::withdraw(const attempt_ref& who) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(queue_.begin(), queue_.end(), [&](const waiting& w) { return w.who == who; });
  if (at == queue_.end()) return false;
  queue_.erase(at);
  return true;
}

bool place_queue::has_room() const {
  const std::lock_guard lock(mutex_);
  return taken_ < places_;
}

void enter_place(place_queue& places, const attempt_pointer& attempt, std::function<void()> begin) {
  const auto withdraw = [&places, attempt] {
    if (places.withdraw(attempt->request().ref)) attempt->end_cancelled();
  };
  attempt->on_cancel(withdraw);
  places.enter(attempt->request().ref, std::move(begin));
  // A cancellation that came just before it stood in the queue found nobody there.
  if (attempt->cancel_requested()) withdraw();
}

} // namespace penstock
