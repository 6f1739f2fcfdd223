#pragma once

#include "runtime/plan/plan.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace penstock {

/// A plan with its edges in both directions; shared by all runs of a revision.
struct bound_plan {
  plan definition;
  std::vector<std::vector<task_index>> successors; ///< Of each task, those that need it; ascending.

  std::optional<task_index> last_sink; ///< Whose file is the run's output, if there is one.

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(definition.tasks.size()); }
  [[nodiscard]] const task_spec& task(task_index i) const { return definition.tasks[i]; }
};

[[nodiscard]] inline std::shared_ptr<const bound_plan> bind_plan(plan p) {
  auto bound = std::make_shared<bound_plan>();
  bound->successors.resize(p.tasks.size());
  for (task_index i = 0; i < p.tasks.size(); ++i)
    for (const auto need : p.tasks[i].needs) bound->successors[need].push_back(i);
  for (task_index i = 0; i < p.tasks.size(); ++i)
    if (p.tasks[i].type == task_type::sink) bound->last_sink = i;
  bound->definition = std::move(p);
  return bound;
}

} // namespace penstock
