#include "runtime/lifecycle/run.hpp"
#include "runtime/lifecycle/run_items.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// A lease is held from when it is stored until it is given back, also while nothing is under way.
void restore_lease(run_state& run, const stored_task& stored) {
  const auto& record = stored.record;
  if (record.lease == 0 || is_terminal(record.status) || is_terminal(run.header.status)) return;
  run.leases[run_state::lease_place(stored.task, stored.item)] = record.lease;
  if (record.status != task_status::running || !record.child) return;
  auto& task = run.tasks[stored.task];
  const child_run child{*record.child, {}};
  if (stored.item == no_item) task.child = child;
  else if (task.fan && stored.item < task.fan->all.size()) task.fan->children[stored.item] = child;
}

/// The child that a task or item may have had under way: a cancel must find it, whether it is asked for again before or not.
std::optional<child_run> former_child(const run_state& run, task_index task, std::uint32_t item,
                                      std::uint32_t attempt) {
  const auto* name = run.graph->task(task).config.find("pipeline");
  if (!name) return std::nullopt;
  const auto& fan = run.tasks[task].fan;
  const auto of_item = fan ? item_value(*fan, item) : value{};
  const auto bound = bind_value(run.header, *run.parameters, *name, fan ? &of_item : nullptr);
  if (!bound || !bound->as_string()) return std::nullopt;
  for (const auto& kept : run.header.callees)
    if (kept.name == *bound->as_string())
      return child_run{child_run_id(run.header, task, item, attempt, kept.pipeline), kept.pipeline};
  return std::nullopt;
}

/// Items begin in their order and only so many are under way at once: those far behind have no child yet.
void find_children(run_state& run, task_index i) {
  auto& fan = *run.tasks[i].fan;
  const auto end = std::min<std::uint64_t>(fan.all.size(), std::uint64_t{fan.ended} + outstanding_max);
  for (std::uint32_t item = 0; item < end; ++item)
    if (fan.all[item].status == task_status::pending)
      if (const auto child = former_child(run, i, item, fan.all[item].attempt)) fan.children[item] = *child;
}

void restore_item(fan_state& fan, run_state& run, const stored_task& stored) {
  if (stored.item >= fan.all.size()) return;
  auto& item = fan.all[stored.item];
  item.status = stored.record.status;
  item.attempt = stored.record.attempt;
  if (item.status == task_status::waiting) {
    ++run.outstanding;
    ++run.waiting;
    if (stored.record.due_at) fan.waits[stored.item] = {*stored.record.due_at, stored.record.started_at};
  }
  if (!is_terminal(item.status)) return;
  ++fan.ended;
  fan.rows += stored.record.rows;
  fan.bytes += stored.record.bytes;
  fan.started_at = earlier(fan.started_at, stored.record.started_at);
  fan.artifacts.insert(fan.artifacts.end(), stored.record.artifacts.begin(), stored.record.artifacts.end());
  if (item.status == task_status::failed) {
    if (fan.failed++ == 0) fan.first_error = stored.error_text;
  }
}

void restore_task(task_state& task, run_state& run, const stored_task& stored) {
  const auto& record = stored.record;
  task.status = record.status;
  task.attempt = record.attempt;
  task.rows = record.rows;
  task.bytes = record.bytes;
  task.due_at = record.due_at;
  task.started_at = record.started_at;
  task.artifacts = record.artifacts;
  if (task.status == task_status::waiting) {
    ++run.outstanding;
    ++run.waiting;
  }
  if (task.status == task_status::failed) {
    run.any_failed = true;
    if (run.first_error.empty()) run.first_error = error_of_run(run.graph->task(stored.task), stored.error_text);
  }
}

/// Items that had begun without ending begin again, before those that never began. What holds a lease comes first, so that
/// it is not kept from its pool by those who wait for one; else all keep their order.
void queue_items(const run_state& run, task_index task, fan_state& fan) {
  for (auto i = static_cast<std::uint32_t>(fan.all.size()); i-- > 0;)
    if (fan.all[i].status == task_status::pending || fan.all[i].status == task_status::running) {
      fan.all[i].status = task_status::pending;
      fan.again.push_back(i);
    }
  fan.next = static_cast<std::uint32_t>(fan.all.size());
  if (run.leases.empty()) return;
  std::stable_partition(fan.again.begin(), fan.again.end(),
                        [&](std::uint32_t item) { return !run.leases.contains(run_state::lease_place(task, item)); });
}

/// What follows for a task without an end of its own from those it needs, which stand before it.
void place_task(run_state& run, task_index i) {
  auto& task = run.tasks[i];
  const bool calls = run.header.status == run_status::running && run.graph->task(i).type == task_type::run_pipeline;
  bool blocked = false;
  bool skipped = false;
  for (const auto need : run.graph->task(i).needs) {
    const auto status = run.tasks[need].status;
    if (status != task_status::succeeded) ++task.needs_left;
    blocked |= status == task_status::failed || status == task_status::blocked || status == task_status::cancelled;
    skipped |= status == task_status::skipped;
  }
  if (is_terminal(task.status)) {
    ++run.settled;
  } else if (blocked || skipped) {
    task.status = blocked ? task_status::blocked : task_status::skipped;
    ++run.settled;
  } else if (task.fan) {
    queue_items(run, i, *task.fan);
    if (calls) find_children(run, i);
    task.status = task_status::running;
    if (task.fan->has_more()) run.fans.push_back(i);
  } else if (task.status != task_status::waiting && task.needs_left == 0) {
    task.status = task_status::pending;
    run.ready.push_back(i);
    if (calls && run.graph->task(i).for_each.kind == for_each_kind::none)
      if (const auto child = former_child(run, i, no_item, task.attempt)) task.child = child;
  }
}

} // namespace

run_state load_run(run_record header, std::shared_ptr<const bound_plan> graph, std::shared_ptr<const value> parameters,
                   const std::vector<stored_task>& stored) {
  run_state run;
  run.header = std::move(header);
  run.graph = std::move(graph);
  run.parameters = std::move(parameters);
  run.tasks.resize(run.graph->size());
  const auto known = [&](const stored_task& s) { return s.task < run.tasks.size(); };

  // Items from a table are known once their task's record holds them; the others follow from the plan. A fan whose
  // items have not begun is opened again by `resume_run`.
  for (const auto& s : stored) {
    if (!known(s) || s.item != no_item) continue;
    restore_task(run.tasks[s.task], run, s);
    restore_lease(run, s);
    if (s.record.items_total && !is_terminal(s.record.status))
      run.tasks[s.task].fan = open_fan(*s.record.items_total, s.items);
  }
  for (const auto& s : stored) {
    if (!known(s) || s.item == no_item) continue;
    auto& task = run.tasks[s.task];
    if (is_terminal(task.status)) {
      task.artifacts.insert(task.artifacts.end(), s.record.artifacts.begin(), s.record.artifacts.end());
      continue;
    }
    if (!task.fan) {
      auto items = items_of(run.graph->task(s.task).for_each, *run.parameters);
      if (!items) continue;
      task.fan = open_fan(items->total, std::move(items->list));
    }
    restore_item(*task.fan, run, s);
    restore_lease(run, s);
  }
  for (task_index i = 0; i < run.tasks.size(); ++i) place_task(run, i);
  return run;
}

std::vector<task_status> derive_statuses(const bound_plan& graph, run_status run,
                                         const std::vector<std::optional<task_status>>& recorded,
                                         const std::function<bool(const std::string& pool)>& is_limited) {
  const auto waits_for_pool = [&](const task_spec& task) {
    return !task.pool.empty() && is_limited && is_limited(task.pool);
  };
  std::vector<task_status> out(graph.size(), task_status::pending);
  for (task_index i = 0; i < graph.size(); ++i) {
    bool blocked = false;
    bool skipped = false;
    bool ready = true;
    for (const auto need : graph.task(i).needs) {
      const auto status = out[need];
      blocked |= status == task_status::failed || status == task_status::blocked;
      skipped |= status == task_status::skipped;
      ready &= status == task_status::succeeded;
    }
    if (recorded[i] && is_terminal(*recorded[i])) out[i] = *recorded[i];
    else if (blocked) out[i] = task_status::blocked;
    else if (skipped) out[i] = task_status::skipped;
    else if (is_terminal(run)) out[i] = task_status::cancelled;
    else if (recorded[i]) out[i] = *recorded[i];
    else if (ready && run == run_status::running && !waits_for_pool(graph.task(i))) out[i] = task_status::running;
  }
  return out;
}

task_priority priority_of(const run_record& run, const task_spec& task) noexcept {
  // Plans of before it was noted whether a priority was given: another one than NORMAL was.
  if (task.priority_given || task.priority != task_priority::normal) return task.priority;
  const auto own = static_cast<task_priority>(run.priority);
  // Headers of before runs had one hold 0.
  return own == task_priority::low || own == task_priority::high ? own : task_priority::normal;
}

} // namespace penstock
