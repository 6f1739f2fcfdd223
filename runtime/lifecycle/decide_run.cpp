#include "runtime/lifecycle/run.hpp"

#include "runtime/lifecycle/retry.hpp"
#include "runtime/lifecycle/run_draft.hpp"
#include "runtime/lifecycle/run_items.hpp"

namespace penstock {

namespace {

/// Whether the unit is what an attempt with this number may report on.
bool awaits(const run_state& run, task_index task, std::uint32_t item, std::uint32_t attempt) {
  if (task >= run.tasks.size()) return false;
  const auto& t = run.tasks[task];
  if (item == no_item) return !t.fan && t.status == task_status::running && t.attempt == attempt;
  if (item == expand_item)
    return !t.fan && t.status == task_status::running && run.graph->task(task).for_each.kind == for_each_kind::table;
  if (!t.fan || item >= t.fan->all.size()) return false;
  return t.fan->all[item].status == task_status::running && t.fan->all[item].attempt == attempt;
}

task_record record_of(const attempt_result& r, task_status status) {
  task_record record;
  record.status = status;
  record.attempt = r.ref.attempt;
  record.started_at = r.started_at;
  record.ended_at = r.ended_at;
  record.rows = r.rows;
  record.bytes = r.bytes;
  record.artifacts = r.artifacts;
  return record;
}

/// The rows a `for_each` goes over were read.
void expanded(run_draft& d, const attempt_result& r) {
  const auto* rows = r.items.as_list();
  const auto total = rows ? static_cast<std::uint32_t>(rows->size()) : 0u;
  task_record record;
  record.status = task_status::running;
  record.items_total = total;
  d.change(task_recorded{r.ref.task, no_item, record, {}, r.items});
  d.open_fan(r.ref.task, total, r.items);
}

void failed(run_draft& d, const attempt_result& r) {
  const auto& policy = d.run().graph->task(r.ref.task).retry;
  const bool expanding = r.ref.item == expand_item;
  if (!r.retryable || expanding || r.ref.attempt >= policy.attempts_max) {
    d.end_unit(r.ref.task, expanding ? no_item : r.ref.item, record_of(r, task_status::failed), r.why.message);
    return;
  }
  d.release_lease(r.ref.task, r.ref.item);
  d.change(attempt_archived{r.ref.task, r.ref.item, r.ref.attempt, r.started_at, r.ended_at, r.why.message});
  auto record = record_of(r, task_status::waiting);
  record.attempt = r.ref.attempt + 1;
  record.due_at = d.context().now + milliseconds{retry_delay_ms(policy, r.ref.attempt, d.context().random)};
  record.artifacts.clear();
  const timer_fired timer{timer_kind::retry, r.ref.task, r.ref.item, record.attempt, *record.due_at};
  d.change(task_recorded{r.ref.task, r.ref.item, std::move(record), r.why.message, {}});
  d.change(timer_set{timer});
}

error has_ended(run_status as) {
  return {errc::invalid_transition, "the run has already ended (" + std::string{to_text(as)} + ")", {}};
}

/// Whether a command means something to a run that has ended: clients are told that they come too late, timers have to be
/// taken out of the store, leases be given back.
bool concerns_ended(const run_command& command) {
  return std::holds_alternative<cancel_run>(command) || std::holds_alternative<set_priority>(command) ||
         std::holds_alternative<timer_fired>(command) || std::holds_alternative<lease_granted>(command);
}

/// The same for one that waits for its pipeline's limit.
bool concerns_pending(const run_command& command) {
  return std::holds_alternative<let_run>(command) || std::holds_alternative<cancel_run>(command) ||
         std::holds_alternative<set_priority>(command);
}

struct decider {
  run_draft& d;

  result<void> operator()(const begin_run&) const {
    if (const auto limit = d.run().graph->definition.timeout_ms; limit > 0) d.change(timer_set{d.run_timeout()});
    d.find_callees();
    return {};
  }

  result<void> operator()(const let_run&) const {
    d.begin_run(d.context().now);
    return (*this)(begin_run{});
  }

  result<void> operator()(const resume_run&) const { return {}; }

  result<void> operator()(const attempt_ended& c) const {
    const auto& r = c.result;
    if (!awaits(d.run(), r.ref.task, r.ref.item, r.ref.attempt)) return {};
    switch (r.outcome) {
      case attempt_outcome::succeeded:
        if (r.ref.item == expand_item) expanded(d, r);
        else d.end_unit(r.ref.task, r.ref.item, record_of(r, task_status::succeeded), {});
        break;
      case attempt_outcome::failed: failed(d, r); break;
      // Only a worker that stops cancels an attempt of a run that goes on: it begins again when the run is resumed.
      case attempt_outcome::cancelled: break;
    }
    return {};
  }

  result<void> operator()(const timer_fired& c) const {
    d.change(timer_cleared{c});
    if (is_terminal(d.run().header.status)) return {};
    if (c.kind == timer_kind::run_timeout) {
      const auto seconds = d.run().graph->definition.timeout_ms / 1000;
      d.end_run(run_status::failed, "the run did not end within its timeout of " + std::to_string(seconds) + " s");
      return {};
    }
    if (!d.waits_for(c)) return {};
    if (c.kind == timer_kind::sleep) {
      task_record record;
      record.status = task_status::succeeded;
      record.attempt = c.attempt;
      record.started_at = d.waits_since(c.task, c.item);
      record.ended_at = d.context().now;
      d.end_unit(c.task, c.item, std::move(record), {});
    } else {
      d.begin_again(c.task, c.item, c.attempt);
    }
    return {};
  }

  result<void> operator()(const child_ended& c) const {
    if (!d.has_child(c.task, c.item, c.child)) return {};
    attempt_result r;
    r.ref = {d.run().header.id, c.task, c.item, d.attempt_of(c.task, c.item)};
    r.ended_at = d.context().now;
    r.started_at = d.context().now;
    if (c.status == run_status::succeeded) {
      d.end_unit(c.task, c.item, record_of(r, task_status::succeeded), {}, c.child);
      return {};
    }
    r.outcome = attempt_outcome::failed;
    r.retryable = c.status == run_status::failed;
    r.why = {errc::task_failed, c.message.empty() ? "the child run was cancelled" : c.message, {}};
    failed(d, r);
    return {};
  }

  result<void> operator()(const lease_granted& c) const {
    if (d.waits_for(c)) d.begin_granted(c);
    else if (c.number != 0 && !d.holds(c)) d.change(lease_released{c.task, c.item, c.number});
    return {};
  }

  result<void> operator()(const ask_again&) const {
    d.ask_again();
    return {};
  }

  result<void> operator()(const set_priority& c) const {
    if (is_terminal(d.run().header.status)) return unexpected(has_ended(d.run().header.status));
    if (static_cast<std::uint8_t>(c.priority) == d.run().header.priority) return {};
    d.change(priority_changed{c.priority, d.run().header.priority});
    if (d.run().outstanding == 0) return {};
    d.effect(reorder_attempts{});
    d.ask_again();
    return {};
  }

  result<void> operator()(const cancel_run&) const {
    if (is_terminal(d.run().header.status)) return unexpected(has_ended(d.run().header.status));
    d.end_run(run_status::cancelled, {});
    return {};
  }
};

} // namespace

result<run_decision> decide(const run_state& run, const run_command& command, const run_context& context) {
  if (is_terminal(run.header.status) && !concerns_ended(command)) return run_decision{};
  const bool waits = run.header.status == run_status::pending;
  // One that has begun needs no leave.
  if (waits ? !concerns_pending(command) : std::holds_alternative<let_run>(command)) return run_decision{};
  run_draft draft{run, context};
  if (auto done = std::visit(decider{draft}, command); !done) return unexpected(std::move(done).error());
  return std::move(draft).finish();
}

} // namespace penstock
