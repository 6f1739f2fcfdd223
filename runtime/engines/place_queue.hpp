#pragma once

#include "runtime/engines/fair_queue.hpp"
#include "runtime/engines/running_attempt.hpp"

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>

namespace penstock {

/// Attempts that wait for something, in the order of their turns: by priority, workspaces taking turns.
template <class T>
class attempt_queue {
public:
  void push(const attempt_request& request, T what) {
    queue_.push(request.ref, request.workspace, request.priority, {std::move(what), request.task.priority_given});
  }
  [[nodiscard]] std::optional<T> pop() { return content(queue_.pop()); }
  /// Takes one out of turn; nothing if it does not wait (any more).
  [[nodiscard]] std::optional<T> take(const attempt_ref& who) { return content(queue_.take(who)); }

  /// What `engine::set_priority` says.
  void set_priority(const run_id& run, task_priority priority) {
    const auto of_run = [&](const attempt_ref& ref) { return ref.run == run; };
    for (const auto& ref : queue_.ids_from({run, 0, 0, 0}, of_run))
      if (const auto* one = queue_.find(ref); !one->priority_is_its_own) queue_.move(ref, priority);
  }

  [[nodiscard]] bool empty() const noexcept { return queue_.empty(); }
  [[nodiscard]] counts_by_priority sizes() const noexcept { return queue_.sizes(); }

private:
  struct waiting {
    T what;
    bool priority_is_its_own = false;
  };
  using queue = fair_queue<attempt_ref, workspace_id, waiting>;

  [[nodiscard]] static std::optional<T> content(std::optional<typename queue::entry> from) {
    if (!from) return std::nullopt;
    return std::move(from->what.what);
  }

  queue queue_;
};

/// A number of places, and those who wait for one. Thread-safe.
class place_queue {
public:
  explicit place_queue(std::size_t places) : places_(places) {}

  /// Runs `begin` once a place is free: at once, in the caller's thread, or later in that of a `leave`.
  void enter(const attempt_request& who, std::function<void()> begin);

  /// Gives a place back; whose turn it is takes it, in this thread or in one that hands out places just now.
  void leave();

  /// Takes somebody out of the queue. @returns false if it does not wait (any more).
  [[nodiscard]] bool withdraw(const attempt_ref& who);

  void set_priority(const run_id& run, task_priority priority);

  /// Whether `enter` would begin at once.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] counts_by_priority waiting() const;
  [[nodiscard]] std::size_t places() const noexcept { return places_; }

private:
  /// Takes a place for whose turn it is; nothing if there is none, or nobody waits: then handing out is over.
  [[nodiscard]] std::optional<std::function<void()>> next_to_begin();

  const std::size_t places_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;
  bool handing_out_ = false; ///< Some thread is in the loop of `leave`.
  attempt_queue<std::function<void()>> queue_;
};

/// Lets an attempt wait for a place and `begin` there; cancelled while it waits, it ends without.
/// @param withdrawn may be empty: called before such an end, to give back what it holds beside the place.
void enter_place(place_queue& places, const attempt_pointer& attempt, std::function<void()> begin,
                 const std::function<void()>& withdrawn = {});

} // namespace penstock
