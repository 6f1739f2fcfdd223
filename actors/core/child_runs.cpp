#include "actors/core/child_runs.hpp"

namespace penstock {

start_run start_of_child(ask_child& child) {
  start_run command;
  command.workspace = child.workspace;
  command.parameters = std::move(child.what->parameters);
  command.trigger = trigger_kind::parent;
  command.triggered_by = to_text(child.parent);
  command.traceparent = child.traceparent;
  command.id = child.what->child;
  command.parent = parent_ref{child.parent, child.what->task, child.what->item, child.depth};
  return command;
}

std::optional<child_ended> end_of_child(const ask_child& child, const result<started_run>& answer) {
  const auto& what = *child.what;
  if (!answer) return child_ended{what.task, what.item, what.child, run_status::failed, answer.error().message};
  const auto status = answer->run.record.status;
  if (!is_terminal(status)) return std::nullopt;
  return child_ended{what.task, what.item, what.child, status, answer->run.error};
}

} // namespace penstock
