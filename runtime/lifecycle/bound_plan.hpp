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

  /// Of each task, whether another one looks at its output as a table. Waiting for a task is not looking at it: a chain
  /// of calls would write a Parquet file per answer for nobody.
  std::vector<bool> is_table_read;

  std::vector<task_index> callers;     ///< Tasks that run another pipeline.
  std::optional<task_index> last_sink; ///< Whose file is the run's output, if there is one.

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(definition.tasks.size()); }
  [[nodiscard]] const task_spec& task(task_index i) const { return definition.tasks[i]; }
};

/// Whether the task is given the tables of those it needs: by name in SQL, as files in its environment.
[[nodiscard]] inline bool reads_tables(const task_spec& task) {
  return task.type == task_type::shell || task.type == task_type::sql || task.type == task_type::source ||
         task.type == task_type::sink || !task.checks.empty();
}

[[nodiscard]] inline std::shared_ptr<const bound_plan> bind_plan(plan p) {
  auto bound = std::make_shared<bound_plan>();
  bound->successors.resize(p.tasks.size());
  bound->is_table_read.resize(p.tasks.size());
  for (task_index i = 0; i < p.tasks.size(); ++i) {
    const auto& task = p.tasks[i];
    for (const auto need : task.needs) {
      bound->successors[need].push_back(i);
      if (reads_tables(task)) bound->is_table_read[need] = true;
    }
    if (task.for_each.kind == for_each_kind::table) bound->is_table_read[task.for_each.table] = true;
    if (task.type == task_type::run_pipeline) bound->callers.push_back(i);
  }
  for (task_index i = 0; i < p.tasks.size(); ++i)
    if (p.tasks[i].type == task_type::sink) bound->last_sink = i;
  bound->definition = std::move(p);
  return bound;
}

} // namespace penstock
