#include "runtime/lifecycle/run.hpp"
#include "runtime/lifecycle/run_items.hpp"

#include <algorithm>
#include <cassert>

namespace penstock {

namespace {

void take_ready(run_state& run, task_index task) {
  if (!run.ready.empty() && run.ready.front() == task) run.ready.pop_front();
  else std::erase(run.ready, task);
}

/// Takes an item that has not begun off its queue.
void take_item(run_state& run, task_index task, std::uint32_t item) {
  auto& fan = *run.tasks[task].fan;
  if (!fan.again.empty() && fan.again.back() == item) fan.again.pop_back();
  else if (fan.next == item) ++fan.next;
  if (!fan.has_more()) std::erase(run.fans, task);
}

/// Tasks behind one that did not succeed never run.
void block_successors(run_state& run, task_index from, task_status reason) {
  std::vector<task_index> open{from};
  while (!open.empty()) {
    const auto at = open.back();
    open.pop_back();
    for (const auto next : run.graph->successors[at]) {
      if (run.tasks[next].status != task_status::pending) continue;
      run.tasks[next].status = reason;
      ++run.settled;
      open.push_back(next);
    }
  }
}

void settle(run_state& run, task_index task) {
  ++run.settled;
  switch (run.tasks[task].status) {
    case task_status::succeeded:
      for (const auto next : run.graph->successors[task])
        if (--run.tasks[next].needs_left == 0 && run.tasks[next].status == task_status::pending)
          run.ready.push_back(next);
      break;
    case task_status::skipped: block_successors(run, task, task_status::skipped); break;
    default: block_successors(run, task, task_status::blocked);
  }
}

/// Counts what is under way when a status changes, whatever it is the status of.
void count_outstanding(run_state& run, task_status before, task_status after) {
  const auto counts = [](task_status s) { return s == task_status::running || s == task_status::waiting; };
  if (counts(before)) --run.outstanding;
  if (counts(after)) ++run.outstanding;
  if (before == task_status::waiting) --run.waiting;
  if (after == task_status::waiting) ++run.waiting;
}

/// @param number 0: no lease.
void keep_lease(run_state& run, task_index task, std::uint32_t item, std::uint64_t number) {
  if (run.leases.empty() && number == 0) return;
  const auto place = run_state::lease_place(task, item);
  if (const auto held = run.leases.find(place); held != run.leases.end()) {
    if (held->second == 0) --run.asked;
    run.leases.erase(held);
  }
  if (number != 0) run.leases.emplace(place, number);
}

void record_item(run_state& run, const task_recorded& c) {
  auto& fan = *run.tasks[c.task].fan;
  auto& item = fan.all[c.item];
  if (item.status == task_status::pending) take_item(run, c.task, c.item);
  count_outstanding(run, item.status, c.record.status);
  item.status = c.record.status;
  item.attempt = c.record.attempt;
  fan.children.erase(c.item);
  if (c.record.due_at && item.status == task_status::waiting)
    fan.waits[c.item] = {*c.record.due_at, c.record.started_at};
  else fan.waits.erase(c.item);
  if (!is_terminal(item.status)) return;
  ++fan.ended;
  fan.rows += c.record.rows;
  fan.bytes += c.record.bytes;
  fan.started_at = earlier(fan.started_at, c.record.started_at);
  fan.artifacts.insert(fan.artifacts.end(), c.record.artifacts.begin(), c.record.artifacts.end());
  if (item.status == task_status::failed && fan.failed++ == 0) fan.first_error = c.error_text;
}

void record_task(run_state& run, const task_recorded& c) {
  auto& task = run.tasks[c.task];
  if (task.status == task_status::pending) take_ready(run, c.task);
  // A fan is not under way itself, its items are.
  if (!task.fan) count_outstanding(run, task.status, c.record.status);
  task.status = c.record.status;
  task.attempt = c.record.attempt;
  task.rows = c.record.rows;
  task.bytes = c.record.bytes;
  task.due_at = c.record.due_at;
  task.started_at = c.record.started_at;
  task.artifacts = c.record.artifacts;
  task.child.reset();
  if (!is_terminal(task.status)) return;
  if (task.fan) task.artifacts = std::move(task.fan->artifacts);
  task.fan.reset();
  if (task.status == task_status::failed) {
    run.any_failed = true;
    if (run.first_error.empty()) run.first_error = error_of_run(run.graph->task(c.task), c.error_text);
  }
  settle(run, c.task);
}

/// The file offered for download: of the last sink that wrote one, else the last task's table.
std::optional<artifact> output_of(const run_state& run) {
  std::optional<artifact> table;
  for (auto i = run.graph->size(); i-- > 0;) {
    const auto& files = run.tasks[i].artifacts;
    if (files.empty()) continue;
    if (run.graph->task(i).type == task_type::sink) return files.back();
    if (!table) table = files.front();
  }
  return table;
}

void end_run(run_state& run, const run_ended& c) {
  run.header.status = c.status;
  run.header.ended_at = c.at;
  run.header.output = output_of(run);
  run.header.rows = run.header.bytes = 0;
  for (const auto& task : run.tasks) {
    run.header.rows += task.rows;
    run.header.bytes += task.bytes;
  }
  run.first_error = c.error_text;
  run.header.cancel_requested = c.status == run_status::cancelled;
  run.ready.clear();
  run.fans.clear();
  run.leases.clear();
  run.outstanding = run.waiting = run.asked = 0;
}

struct applier {
  run_state& run;

  void operator()(const task_recorded& c) const {
    keep_lease(run, c.task, c.item, c.record.lease);
    if (c.item == no_item) record_task(run, c);
    else record_item(run, c);
  }
  void begin(task_index number, std::uint32_t index) const {
    auto& task = run.tasks[number];
    const bool is_task = index == no_item || index == expand_item;
    auto& status = is_task ? task.status : task.fan->all[index].status;
    if (status == task_status::pending) {
      if (is_task) take_ready(run, number);
      else take_item(run, number, index);
    }
    count_outstanding(run, status, task_status::running);
    status = task_status::running;
  }
  void operator()(const task_begun& c) const {
    begin(c.task, c.item);
    if (c.item == no_item || c.item == expand_item) run.tasks[c.task].child = c.child;
    else if (c.child) run.tasks[c.task].fan->children[c.item] = *c.child;
  }
  void operator()(const lease_asked& c) const {
    begin(c.task, c.item);
    run.leases[run_state::lease_place(c.task, c.item)] = 0;
    ++run.asked;
  }
  void operator()(const priority_changed& c) const { run.header.priority = static_cast<std::uint8_t>(c.priority); }
  void operator()(const callees_found& c) const {
    run.header.callees.insert(run.header.callees.end(), c.callees.begin(), c.callees.end());
  }
  void operator()(const fan_opened& c) const {
    auto& task = run.tasks[c.task];
    if (task.status == task_status::pending) take_ready(run, c.task);
    else count_outstanding(run, task.status, task_status::pending); // The attempt that read the rows is over.
    task.status = task_status::running;
    task.fan = open_fan(c.total, c.items);
    if (c.total > 0) run.fans.push_back(c.task);
  }
  void operator()(const run_begun& c) const {
    run.header.status = run_status::running;
    run.header.started_at = c.at;
  }
  void operator()(const run_ended& c) const { end_run(run, c); }
  // These concern storage alone.
  void operator()(const attempt_archived&) const {}
  void operator()(const timer_set&) const {}
  void operator()(const timer_cleared&) const {}
  void operator()(const message_left&) const {}
  void operator()(const lease_released&) const {}
  void operator()(const pool_left&) const {}
};

} // namespace

void apply(run_state& run, const run_change& change) { std::visit(applier{run}, change); }

} // namespace penstock
