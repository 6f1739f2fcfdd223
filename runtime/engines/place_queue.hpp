#pragma once

#include "runtime/engines/running_attempt.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace penstock {

/// A number of places and, in order of arrival, those who wait for one. Thread-safe.
class place_queue {
public:
  explicit place_queue(std::size_t places) : places_(places) {}

  /// Runs `begin` once a place is free: at once, in the caller's thread, or later in that of a `leave`.
  void enter(const attempt_ref& who, std::function<void()> begin);

  /// Gives a place back; the first in the queue takes it.
  void leave();

  /// Takes somebody out of the queue. @returns false if it does not wait (any more).
  [[nodiscard]] bool withdraw(const attempt_ref& who);

  /// Whether `enter` would begin at once.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t places() const noexcept { return places_; }

private:
  struct waiting {
    attempt_ref who;
    std::function<void()> begin;
  };

  const std::size_t places_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;
  std::deque<waiting> queue_;
};

/// Lets an attempt wait for a place and `begin` there; cancelled while it waits, it ends without.
void enter_place(place_queue& places, const attempt_pointer& attempt, std::function<void()> begin);

} // namespace penstock
