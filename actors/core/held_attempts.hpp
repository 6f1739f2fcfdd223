#pragma once

#include "runtime/model/ids.hpp"
#include "runtime/model/time.hpp"
#include "runtime/plan/plan.hpp"

#include <deque>
#include <functional>
#include <memory>

namespace penstock {

struct attempt_request;

/// Attempts that wait until their partition has decided what is more urgent. Oldest first.
class held_attempts {
public:
  [[nodiscard]] bool empty() const noexcept { return held_.empty(); }
  void hold(std::shared_ptr<attempt_request> request, timestamp since);
  /// Hands over what is held since `since` or longer.
  void release(timestamp since, const std::function<void(std::shared_ptr<attempt_request>)>& to);
  /// Those of a run that was stopped go.
  void drop(run_id run);
  /// Those of a run get its new priority, unless their task has one of its own.
  void reorder(run_id run, task_priority priority);

private:
  struct held_attempt {
    timestamp since;
    std::shared_ptr<attempt_request> request;
  };
  std::deque<held_attempt> held_;
};

} // namespace penstock
