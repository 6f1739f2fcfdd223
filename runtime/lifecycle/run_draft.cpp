#include "runtime/lifecycle/run_draft.hpp"

#include "runtime/lifecycle/run_items.hpp"
#include "runtime/model/value_size.hpp"
#include "runtime/plan/placeholders.hpp"
#include "runtime/seams.hpp"

#include <algorithm>
#include <cassert>
#include <set>

namespace penstock {

run_draft::run_draft(const run_state& run, const run_context& context)
    : run_(run), context_(context), outstanding_(run.outstanding), settled_(run.settled), any_failed_(run.any_failed),
      asked_(run.asked) {
  for (const auto task : run.fans)
    fans_.push_back({task, static_cast<std::uint32_t>(run.tasks[task].fan->all.size()), 0, nullptr});
}

// --- ends ---------------------------------------------------------------------------------------

void run_draft::end_unit(task_index task, std::uint32_t item, task_record record, std::string error_text,
                         std::optional<run_id> child) {
  record.child = child;
  --outstanding_;
  release_lease(task, item);
  if (item == no_item) {
    end_task(task, std::move(record), std::move(error_text));
    return;
  }
  const auto& fan = *run_.tasks[task].fan;
  const bool item_failed = record.status == task_status::failed;
  task_record of_all;
  of_all.rows = fan.rows + record.rows;
  of_all.bytes = fan.bytes + record.bytes;
  of_all.started_at = earlier(fan.started_at, record.started_at);
  auto first_error = fan.failed > 0 ? fan.first_error : error_text;
  change(task_recorded{task, item, std::move(record), std::move(error_text), {}});
  if (fan.ended + 1 == fan.all.size())
    end_fan(task, std::move(of_all), fan.failed + item_failed, std::move(first_error));
}

void run_draft::end_fan(task_index task, task_record record, std::uint32_t failed, std::string first_error) {
  record.status = failed == 0 ? task_status::succeeded : task_status::failed;
  record.items_total = static_cast<std::uint32_t>(run_.tasks[task].fan->all.size());
  record.ended_at = context_.now;
  std::string text;
  if (failed > 0)
    text = std::to_string(failed) + " of " + std::to_string(*record.items_total) +
           " items failed, the first with: " + first_error;
  end_task(task, std::move(record), std::move(text));
}

void run_draft::end_task(task_index task, task_record record, std::string error_text) {
  const auto status = record.status;
  if (status == task_status::failed) {
    any_failed_ = true;
    if (first_error_.empty()) first_error_ = error_of_run(run_.graph->task(task), error_text);
  }
  change(task_recorded{task, no_item, std::move(record), std::move(error_text), {}});
  settle(task, status);
}

void run_draft::settle(task_index task, task_status status) {
  ++settled_;
  if (status != task_status::succeeded) {
    block_successors(task);
    return;
  }
  for (const auto next : run_.graph->successors[task])
    if (++needs_met_[next] == run_.tasks[next].needs_left && run_.tasks[next].status == task_status::pending &&
        !gone_.contains(next))
      fresh_.push_back(next);
}

void run_draft::block_successors(task_index from) {
  std::vector<task_index> open{from};
  while (!open.empty()) {
    const auto at = open.back();
    open.pop_back();
    for (const auto next : run_.graph->successors[at]) {
      if (run_.tasks[next].status != task_status::pending || !gone_.insert(next).second) continue;
      ++settled_;
      open.push_back(next);
    }
  }
}

void run_draft::begin_run(timestamp at) {
  begun_at_ = at;
  change(run_begun{at});
}

void run_draft::end_run(run_status status, std::string error_text) {
  ended_ = true;
  for (task_index i = 0; i < run_.tasks.size(); ++i) {
    const auto& task = run_.tasks[i];
    const auto kind = run_.graph->task(i).type == task_type::sleep ? timer_kind::sleep : timer_kind::retry;
    if (task.status == task_status::waiting && task.due_at) {
      change(timer_cleared{{kind, i, no_item, task.attempt, *task.due_at}});
    }
    if (task.child) leave_child(*task.child, i, no_item);
    if (!task.fan) continue;
    for (const auto& [item, wait] : task.fan->waits)
      change(timer_cleared{{kind, i, item, task.fan->all[item].attempt, wait.due}});
    for (const auto& [item, child] : task.fan->children) leave_child(child, i, item);
  }
  leave_pools();
  if (run_.graph->definition.timeout_ms > 0) change(timer_cleared{run_timeout()});
  if (const auto& parent = run_.header.parent) {
    change(message_left{parent->run, std::nullopt,
                        child_ended{parent->task, parent->item, run_.header.id, status, error_text}, parent->task,
                        parent->item});
  }
  change(run_ended{status, context_.now, std::move(error_text)});
  if (run_.outstanding > 0) effect(stop_attempts{});
  effect(announce_end{});
}

void run_draft::leave_child(const child_run& child, task_index task, std::uint32_t item) {
  const auto through = child.pipeline == pipeline_id{} ? std::nullopt : std::optional{child.pipeline};
  change(message_left{child.run, through, cancel_run{"parent run"}, task, item});
}

// --- pools --------------------------------------------------------------------------------------

bool run_draft::needs_lease(task_index task) {
  const auto& pool = run_.graph->task(task).pool;
  if (pool.empty() || !context_.is_limited) return false;
  const auto [it, fresh] = needs_lease_.try_emplace(task, false);
  if (fresh) it->second = context_.is_limited(pool);
  return it->second;
}

void run_draft::release_lease(task_index task, std::uint32_t item) {
  if (run_.leases.empty()) return;
  const auto held = run_.leases.find(run_state::lease_place(task, item));
  if (held == run_.leases.end()) return;
  released_ = held->first;
  if (held->second != 0) change(lease_released{task, item, held->second});
  // One that is asked for and comes nevertheless is given back when it comes.
  else --asked_;
}

void run_draft::leave_pools() {
  std::set<std::string> pools;
  for (const auto& [place, number] : run_.leases)
    if (place != released_) pools.insert(run_.graph->task(static_cast<task_index>(place >> 32)).pool);
  for (const auto& pool : pools) change(pool_left{pool});
}

bool run_draft::waits_for(const lease_granted& lease) const {
  const auto asked = run_.leases.find(run_state::lease_place(lease.task, lease.item));
  return asked != run_.leases.end() && asked->second == 0 && attempt_of(lease.task, lease.item) == lease.attempt;
}

bool run_draft::holds(const lease_granted& lease) const { return lease_of(lease.task, lease.item) == lease.number; }

std::uint64_t run_draft::lease_of(task_index task, std::uint32_t item) const {
  const auto held = run_.leases.find(run_state::lease_place(task, item));
  return held == run_.leases.end() ? 0 : held->second;
}

task_record run_draft::running(std::uint32_t attempt, std::uint64_t lease) const {
  task_record record;
  record.status = task_status::running;
  record.attempt = attempt;
  record.started_at = context_.now;
  record.lease = lease;
  return record;
}

void run_draft::begin_granted(const lease_granted& lease) {
  --outstanding_; // `begin_now` counts it again.
  --asked_;
  change(task_recorded{lease.task, lease.item, running(lease.attempt, lease.number), {}, {}});
  const auto bound = item_of(lease.task, lease.item);
  begin_now(lease.task, lease.item, lease.attempt, bound ? &*bound : nullptr, lease.number);
}

void run_draft::ask_again() {
  std::set<std::uint64_t> asked;
  for (const auto& [place, number] : run_.leases)
    if (number == 0) asked.insert(place);
  for (const auto place : asked) {
    const auto task = static_cast<task_index>(place >> 32);
    const auto item = static_cast<std::uint32_t>(place);
    effect(ask_lease{task, item, attempt_of(task, item)});
  }
}

// --- questions ----------------------------------------------------------------------------------

timer_fired run_draft::run_timeout() const {
  const auto started = begun_at_.value_or(run_.header.started_at.value_or(run_.header.created_at));
  return {timer_kind::run_timeout, 0, no_item, 1,
          started + milliseconds{static_cast<std::int64_t>(run_.graph->definition.timeout_ms)}};
}

bool run_draft::waits_for(const timer_fired& timer) const {
  if (timer.task >= run_.tasks.size()) return false;
  const auto& task = run_.tasks[timer.task];
  if (timer.item == no_item)
    return task.status == task_status::waiting && task.attempt == timer.attempt && task.due_at == timer.due;
  if (!task.fan || timer.item >= task.fan->all.size()) return false;
  const auto wait = task.fan->waits.find(timer.item);
  return task.fan->all[timer.item].status == task_status::waiting &&
         task.fan->all[timer.item].attempt == timer.attempt && wait != task.fan->waits.end() &&
         wait->second.due == timer.due;
}

std::optional<timestamp> run_draft::waits_since(task_index task, std::uint32_t item) const {
  if (item == no_item) return run_.tasks[task].started_at;
  const auto wait = run_.tasks[task].fan->waits.find(item);
  return wait == run_.tasks[task].fan->waits.end() ? std::nullopt : wait->second.since;
}

bool run_draft::has_child(task_index task, std::uint32_t item, run_id child) const {
  if (task >= run_.tasks.size()) return false;
  const auto& t = run_.tasks[task];
  if (item == no_item) return t.status == task_status::running && t.child && t.child->run == child;
  if (!t.fan) return false;
  const auto it = t.fan->children.find(item);
  return it != t.fan->children.end() && it->second.run == child && t.fan->all[item].status == task_status::running;
}

std::uint32_t run_draft::attempt_of(task_index task, std::uint32_t item) const {
  const auto& t = run_.tasks[task];
  return item == no_item ? t.attempt : t.fan->all[item].attempt;
}

std::optional<value> run_draft::item_of(task_index task, std::uint32_t item) const {
  const auto& fan = run_.tasks[task].fan;
  if (item == no_item || item == expand_item || !fan) return std::nullopt;
  return item_value(*fan, item);
}

result<pipeline_id> run_draft::find_pipeline(const std::string& name) {
  for (const auto& kept : run_.header.callees)
    if (kept.name == name) return kept.pipeline;
  if (const auto known = found_.find(name); known != found_.end()) return known->second;
  const auto& found = found_.emplace(name, context_.find_pipeline(name)).first->second;
  if (found && run_.header.callees.size() + callees_.size() < callees_max) callees_.push_back({name, *found});
  return found;
}

void run_draft::find_callees() {
  for (const auto task : run_.graph->callers) {
    const auto* name = run_.graph->task(task).config.find("pipeline");
    if (!name) continue;
    // What cannot be bound or found yet is the task's to report, once it begins.
    const auto bound = bind_value(run_.header, *run_.parameters, *name, nullptr);
    if (bound && bound->as_string()) (void)find_pipeline(*bound->as_string()).has_value();
  }
}

// --- beginnings ---------------------------------------------------------------------------------

void run_draft::begin_again(task_index task, std::uint32_t item, std::uint32_t attempt) {
  task_record record;
  record.status = needs_lease(task) ? task_status::pending : task_status::running;
  record.attempt = attempt;
  --outstanding_; // `begin_unit` counts it again.
  change(task_recorded{task, item, std::move(record), {}, {}});
  const auto bound = item_of(task, item);
  begin_unit(task, item, attempt, bound ? &*bound : nullptr);
}

void run_draft::open_fan(task_index task, std::uint32_t total, const value& items) {
  --outstanding_;
  change(fan_opened{task, total, items});
  if (total == 0) {
    task_record record;
    record.status = task_status::succeeded;
    record.items_total = 0;
    record.ended_at = context_.now;
    end_task(task, std::move(record), {});
    return;
  }
  opened_items_.push_front(items);
  fans_.push_back({task, total, 0, &opened_items_.front()});
}

void run_draft::begin_task(task_index task) {
  const auto& spec = run_.graph->task(task);
  if (!spec.when.is_null()) {
    const auto when = bind_value(run_.header, *run_.parameters, spec.when, nullptr);
    if (!when) {
      refuse(task, no_item, run_.tasks[task].attempt, when.error());
      return;
    }
    if (!is_truthy(*when)) {
      task_record record;
      record.status = task_status::skipped;
      record.ended_at = context_.now;
      end_task(task, std::move(record), {});
      return;
    }
  }
  if (spec.for_each.kind == for_each_kind::none) begin_unit(task, no_item, run_.tasks[task].attempt, nullptr);
  else begin_fan(task);
}

void run_draft::begin_fan(task_index task) {
  const auto& spec = run_.graph->task(task);
  if (spec.for_each.kind == for_each_kind::table) {
    ++outstanding_;
    change(task_begun{task, expand_item, std::nullopt});
    effect(start_attempt{{run_.header.id, task, expand_item, 1}});
    return;
  }
  auto items = items_of(spec.for_each, *run_.parameters);
  if (!items) {
    refuse(task, no_item, 1, std::move(items).error());
    return;
  }
  ++outstanding_; // `open_fan` takes it back.
  open_fan(task, items->total, items->list);
}

bool run_draft::begin_next_item() {
  for (auto i = fans_done_; i < fans_.size(); ++i) {
    auto& fan = fans_[i];
    const auto* state = fan.items ? nullptr : run_.tasks[fan.task].fan.get();
    std::uint32_t item = fan.taken;
    bool more = fan.taken < fan.total;
    if (state) {
      const auto again = static_cast<std::uint32_t>(state->again.size());
      more = fan.taken < again || state->next + (fan.taken - again) < fan.total;
      item = fan.taken < again ? state->again[again - 1 - fan.taken] : state->next + (fan.taken - again);
    }
    if (!more) {
      if (i == fans_done_) ++fans_done_;
      continue;
    }
    if (asked_ >= asked_items_max && needs_lease(fan.task) && lease_of(fan.task, item) == 0) continue;
    ++fan.taken;
    value bound;
    if (state) bound = item_value(*state, item);
    else if (const auto* list = fan.items->as_list()) bound = (*list)[item];
    else bound = static_cast<std::int64_t>(item);
    begin_unit(fan.task, item, state ? state->all[item].attempt : 1, &bound);
    return true;
  }
  return false;
}

void run_draft::begin_unit(task_index task, std::uint32_t item, std::uint32_t attempt, const value* item_bound) {
  const auto& spec = run_.graph->task(task);
  if (!spec.unavailable.empty()) {
    refuse(task, item, attempt, {errc::task_failed, spec.unavailable, {}});
    return;
  }
  // What was under way before a restart holds its lease still.
  if (const auto lease = lease_of(task, item); lease != 0 || !needs_lease(task)) {
    begin_now(task, item, attempt, item_bound, lease);
    return;
  }
  ++outstanding_;
  ++asked_;
  change(lease_asked{task, item});
  effect(ask_lease{task, item, attempt});
}

void run_draft::begin_now(task_index task, std::uint32_t item, std::uint32_t attempt, const value* item_bound,
                          std::uint64_t lease) {
  const auto& spec = run_.graph->task(task);
  if (spec.type != task_type::sleep && spec.type != task_type::run_pipeline) {
    ++outstanding_;
    change(task_begun{task, item, std::nullopt});
    effect(start_attempt{{run_.header.id, task, item, attempt}});
    return;
  }
  auto config = bind_value(run_.header, *run_.parameters, spec.config, item_bound);
  if (!config) refuse(task, item, attempt, std::move(config).error());
  else if (spec.type == task_type::sleep) begin_sleep(task, item, attempt, *config, lease);
  else begin_child(task, item, attempt, *config, lease);
}

void run_draft::begin_sleep(task_index task, std::uint32_t item, std::uint32_t attempt, const value& config,
                            std::uint64_t lease) {
  auto due = sleep_due(config, context_.now);
  if (!due) {
    refuse(task, item, attempt, std::move(due).error());
    return;
  }
  ++outstanding_;
  task_record record;
  record.status = task_status::waiting;
  record.attempt = attempt;
  record.started_at = context_.now;
  record.due_at = *due;
  record.lease = lease;
  change(task_recorded{task, item, std::move(record), {}, {}});
  change(timer_set{{timer_kind::sleep, task, item, attempt, *due}});
}

void run_draft::begin_child(task_index task, std::uint32_t item, std::uint32_t attempt, const value& config,
                            std::uint64_t lease) {
  const auto* name = config.find("pipeline");
  if (!name || !name->as_string()) {
    refuse(task, item, attempt, {errc::invalid_argument, "pipeline must be the name or id of a pipeline", {}});
    return;
  }
  const auto pipeline = find_pipeline(*name->as_string());
  if (!pipeline) {
    refuse(task, item, attempt, pipeline.error());
    return;
  }
  ++outstanding_;
  const auto child = child_run_id(run_.header, task, item, attempt, *pipeline);
  if (lease != 0) {
    auto record = running(attempt, lease);
    record.child = child;
    change(task_recorded{task, item, std::move(record), {}, {}});
  }
  const auto* given = config.find("parameters");
  change(task_begun{task, item, child_run{child, *pipeline}});
  if (given) child_bytes_ += memory_bytes(*given);
  effect(start_child{task, item, child, *pipeline, given ? *given : value{}});
}

void run_draft::refuse(task_index task, std::uint32_t item, std::uint32_t attempt, error why) {
  ++outstanding_;
  change(task_begun{task, item, std::nullopt});
  effect(report_failure{{run_.header.id, task, item, attempt}, std::move(why)});
}

void run_draft::begin_more() {
  while (outstanding_ < outstanding_max && child_bytes_ < child_bytes_max) {
    if (ready_taken_ < run_.ready.size()) {
      const auto task = run_.ready[ready_taken_++];
      if (!gone_.contains(task)) begin_task(task);
    } else if (fresh_taken_ < fresh_.size()) {
      begin_task(fresh_[fresh_taken_++]);
    } else if (!begin_next_item()) {
      break;
    }
  }
}

run_decision run_draft::finish() && {
  if (is_terminal(run_.header.status)) return std::move(out_);
  if (run_.header.status == run_status::pending && !begun_at_) return std::move(out_);
  if (!ended_) begin_more();
  if (!callees_.empty()) change(callees_found{std::move(callees_)});
  if (!ended_ && settled_ == run_.graph->size()) {
    const auto error_text = run_.first_error.empty() ? first_error_ : run_.first_error;
    end_run(any_failed_ ? run_status::failed : run_status::succeeded, any_failed_ ? error_text : std::string{});
  }
  return std::move(out_);
}

run_id child_run_id(const run_record& parent, task_index task, std::uint32_t item, std::uint32_t attempt,
                    pipeline_id pipeline) {
  // SplitMix64 over what names the child; its time is the parent's, so a repeat gives the same id.
  seeded_random mix{std::hash<run_id>{}(parent.id) ^ (std::uint64_t{task} << 32 | item)};
  return run_id{make_uuid7(parent.created_at, pipeline.slot(), mix.next() + attempt)};
}

} // namespace penstock
