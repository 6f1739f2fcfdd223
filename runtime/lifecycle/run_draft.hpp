#pragma once

#include "runtime/lifecycle/run.hpp"

#include <forward_list>
#include <unordered_map>
#include <unordered_set>

namespace penstock {

/// A decision about a run while it is being made: the changes so far and what follows from them, beside a run that stays
/// as it was. Holds only what differs, so it costs what the decision changes and not what the run holds.
class run_draft {
public:
  run_draft(const run_state& run, const run_context& context);

  [[nodiscard]] const run_state& run() const noexcept { return run_; }
  [[nodiscard]] const run_context& context() const noexcept { return context_; }

  void change(run_change c) { out_.changes.push_back(std::move(c)); }
  void effect(run_effect e) { out_.effects.push_back(std::move(e)); }

  /// A task or item that was under way ended.
  void end_unit(task_index task, std::uint32_t item, task_record record, std::string error_text,
                std::optional<run_id> child = std::nullopt);
  /// Gives back the lease that a task or item holds, if it does.
  void release_lease(task_index task, std::uint32_t item);
  /// A task or item that waited for its pool begins.
  void begin_granted(const lease_granted& lease);
  /// Whatever waits for a lease asks for it again.
  void ask_again();
  /// A task or item that waited for its next attempt begins it.
  void begin_again(task_index task, std::uint32_t item, std::uint32_t attempt);
  /// The items of a `for_each` task are known; they begin as there is room.
  void open_fan(task_index task, std::uint32_t total, const value& items);
  /// Finds the pipelines that tasks name, as far as the names do not depend on items.
  void find_callees();
  /// The run, which waited, begins.
  void begin_run(timestamp at);
  /// The run ends now, whatever is under way.
  void end_run(run_status status, std::string error_text);

  [[nodiscard]] timer_fired run_timeout() const;
  /// Whether the task or item waits for just this timer.
  [[nodiscard]] bool waits_for(const timer_fired& timer) const;
  /// Whether the task or item waits for just this lease, or holds it.
  [[nodiscard]] bool waits_for(const lease_granted& lease) const;
  [[nodiscard]] bool holds(const lease_granted& lease) const;
  /// When a waiting task or item began.
  [[nodiscard]] std::optional<timestamp> waits_since(task_index task, std::uint32_t item) const;
  [[nodiscard]] bool has_child(task_index task, std::uint32_t item, run_id child) const;
  [[nodiscard]] std::uint32_t attempt_of(task_index task, std::uint32_t item) const;

  /// Begins what there is room for, ends the run if nothing is left, and gives the decision.
  [[nodiscard]] run_decision finish() &&;

private:
  void end_task(task_index task, task_record record, std::string error_text);
  void settle(task_index task, task_status status);
  void block_successors(task_index from);
  /// The last item ended; `record` holds its rows, bytes and beginning together with those of the others.
  void end_fan(task_index task, task_record record, std::uint32_t failed, std::string first_error);

  void begin_more();
  void begin_task(task_index task);
  void begin_fan(task_index task);
  bool begin_next_item();
  /// Asks the task's pool first, if it has a limit.
  void begin_unit(task_index task, std::uint32_t item, std::uint32_t attempt, const value* item_bound);
  void begin_now(task_index task, std::uint32_t item, std::uint32_t attempt, const value* item_bound,
                 std::uint64_t lease);
  [[nodiscard]] bool needs_lease(task_index task);
  /// Number of the lease that a task or item holds; 0: none.
  [[nodiscard]] std::uint64_t lease_of(task_index task, std::uint32_t item) const;
  /// A child is told of the end of its parent.
  void leave_child(const child_run& child, task_index task, std::uint32_t item);
  /// What is stored of a task or item that its pool let begin.
  [[nodiscard]] task_record running(std::uint32_t attempt, std::uint64_t lease) const;
  void leave_pools();
  void begin_sleep(task_index task, std::uint32_t item, std::uint32_t attempt, const value& config,
                   std::uint64_t lease);
  void begin_child(task_index task, std::uint32_t item, std::uint32_t attempt, const value& config,
                   std::uint64_t lease);
  void refuse(task_index task, std::uint32_t item, std::uint32_t attempt, error why);
  [[nodiscard]] result<pipeline_id> find_pipeline(const std::string& name);
  [[nodiscard]] std::optional<value> item_of(task_index task, std::uint32_t item) const;

  const run_state& run_;
  const run_context& context_;
  run_decision out_;

  std::optional<timestamp> begun_at_; ///< In this decision.
  std::int64_t outstanding_;
  std::uint32_t settled_;
  bool any_failed_;
  std::string first_error_;
  bool ended_ = false;

  std::unordered_map<task_index, std::uint32_t> needs_met_; ///< Needs that succeeded in this decision.
  std::unordered_set<task_index> gone_;                     ///< Blocked or skipped in this decision.
  std::vector<task_index> fresh_;                           ///< Became ready in this decision.
  std::size_t fresh_taken_ = 0;
  std::size_t ready_taken_ = 0; ///< Of `run_.ready`.

  /// How far this decision went through the items of a fan.
  struct fan_progress {
    task_index task = 0;
    std::uint32_t total = 0;
    std::uint32_t taken = 0;      ///< Of `again` from its back, then of the rest.
    const value* items = nullptr; ///< Of a fan opened in this decision.
  };
  std::vector<fan_progress> fans_;
  std::size_t fans_done_ = 0;
  std::forward_list<value> opened_items_; ///< What `fan_progress::items` points to.
  std::unordered_map<std::string, result<pipeline_id>> found_;
  std::vector<callee> callees_; ///< Found in this decision, to be kept.

  std::uint32_t asked_;                              ///< Tasks and items that wait for a lease.
  std::size_t child_bytes_ = 0;                      ///< Of parameters that this decision gives to children.
  std::optional<std::uint64_t> released_;            ///< Whose lease this decision gives back.
  std::unordered_map<task_index, bool> needs_lease_; ///< Of tasks with a pool, once it was asked for.
};

} // namespace penstock
