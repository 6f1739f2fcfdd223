#include "runtime/engines/place_queue.hpp"

#include <utility>

namespace penstock {

void place_queue::enter(const attempt_request& who, std::function<void()> begin) {
  {
    const std::lock_guard lock(mutex_);
    if (taken_ >= places_ || !queue_.empty()) {
      queue_.push(who, std::move(begin));
      return;
    }
    ++taken_;
  }
  begin();
}

void place_queue::leave() {
  {
    const std::lock_guard lock(mutex_);
    --taken_;
    // Whoever fails as it begins leaves from inside: the loop it was begun by goes on with the next, so that ten thousand of
    // them do not stand upon each other.
    if (std::exchange(handing_out_, true)) return;
  }
  try {
    while (auto next = next_to_begin()) (*next)();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    handing_out_ = false;
    throw;
  }
}

std::optional<std::function<void()>> place_queue::next_to_begin() {
  const std::lock_guard lock(mutex_);
  std::optional<std::function<void()>> next;
  if (taken_ < places_) next = queue_.pop();
  if (next) ++taken_;
  else handing_out_ = false;
  return next;
}

bool place_queue::withdraw(const attempt_ref& who) {
  const std::lock_guard lock(mutex_);
  return queue_.take(who).has_value();
}

void place_queue::set_priority(const run_id& run, task_priority priority) {
  const std::lock_guard lock(mutex_);
  queue_.set_priority(run, priority);
}

bool place_queue::has_room() const {
  const std::lock_guard lock(mutex_);
  return taken_ < places_;
}

counts_by_priority place_queue::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.sizes();
}

void enter_place(place_queue& places, const attempt_pointer& attempt, std::function<void()> begin,
                 const std::function<void()>& withdrawn) {
  const auto withdraw = [&places, attempt, withdrawn] {
    if (!places.withdraw(attempt->request().ref)) return;
    if (withdrawn) withdrawn();
    attempt->end_cancelled();
  };
  attempt->on_cancel(withdraw);
  places.enter(attempt->request(), std::move(begin));
  // A cancellation that came just before it stood in the queue found nobody there.
  if (attempt->cancel_requested()) withdraw();
}

} // namespace penstock
