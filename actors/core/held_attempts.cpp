#include "actors/core/held_attempts.hpp"

#include "runtime/engines/engine.hpp"

namespace penstock {

void held_attempts::hold(std::shared_ptr<attempt_request> request, timestamp since) {
  held_.push_back({since, std::move(request)});
}

void held_attempts::release(timestamp since, const std::function<void(std::shared_ptr<attempt_request>)>& to) {
  while (!held_.empty() && held_.front().since <= since) {
    to(std::move(held_.front().request));
    held_.pop_front();
  }
}

void held_attempts::drop(run_id run) {
  std::erase_if(held_, [&](const auto& held) { return held.request->ref.run == run; });
}

void held_attempts::reorder(run_id run, task_priority priority) {
  for (auto& held : held_)
    if (held.request->ref.run == run && !held.request->task.priority_given) held.request->priority = priority;
}

} // namespace penstock
