#pragma once

#include "runtime/error.hpp"
#include "runtime/lifecycle/run_state.hpp"
#include "runtime/model/attempt.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

/// The life of a run: pure decisions and their application. See runtime/lifecycle/README.md for the tables of transitions.
namespace penstock {

// --- commands -----------------------------------------------------------------------------------

/// Begins a run that was just made.
struct begin_run {};

/// A run that waits for its pipeline's limit may begin. Nothing happens to one that has begun.
struct let_run {};

/// Takes up a run that was read from storage: whatever may run and is not waiting begins (again).
struct resume_run {};

/// A worker, or the run itself, reports how an attempt ended. Late and repeated reports change nothing.
struct attempt_ended {
  attempt_result result;
};

/// Stored in keys: a number once given is never reused.
enum class timer_kind : std::uint8_t {
  retry = 1,
  sleep = 2,
  run_timeout = 3,
  request_expiry = 4,
  clear_pipeline = 5,
  fire_schedule = 6
};

struct timer_fired {
  timer_kind kind = timer_kind::retry;
  task_index task = 0;
  std::uint32_t item = no_item;
  std::uint32_t attempt = 1;
  timestamp due;
};

/// A child run ended, or could not be started.
struct child_ended {
  task_index task = 0;
  std::uint32_t item = no_item;
  run_id child;
  run_status status = run_status::failed;
  std::string message;
};

struct cancel_run {
  std::string by;
};

/// A task's or item's pool lets it begin. One that does not wait for it gives the lease back.
struct lease_granted {
  task_index task = 0;
  std::uint32_t item = no_item;
  std::uint32_t attempt = 1;
  std::uint64_t number = 0; ///< Of the lease; 0: the pool has no limit any more, so there is none to give back.
  uuid pool;
};

/// A pool that had no room for more askers has it again: whatever waits for a lease asks once more.
struct ask_again {};

/// The run has another priority from now on.
struct set_priority {
  task_priority priority = task_priority::normal;
};

using run_command = std::variant<begin_run, let_run, resume_run, attempt_ended, timer_fired, child_ended, cancel_run,
                                 lease_granted, ask_again, set_priority>;

// --- changes ------------------------------------------------------------------------------------

/// A task's or item's record is as given from now on. Stored.
struct task_recorded {
  task_index task = 0;
  std::uint32_t item = no_item;
  task_record record; ///< Without the sealed members, which follow from the next two.
  std::string error_text;
  value items; ///< Rows of a `for_each` over a table.
};

/// An attempt that was not the last. Stored in the run's history.
struct attempt_archived {
  task_index task = 0;
  std::uint32_t item = no_item;
  std::uint32_t attempt = 1;
  timestamp started_at;
  timestamp ended_at;
  std::string error_text;
};

/// An attempt, sleep or child is under way. In memory only: derived again by `resume_run`.
struct task_begun {
  task_index task = 0;
  std::uint32_t item = no_item;
  std::optional<child_run> child;
};

/// A task or item waits for its pool. In memory only: asked again by `resume_run`.
struct lease_asked {
  task_index task = 0;
  std::uint32_t item = no_item;
};

/// A lease is given back: left for the pool in the outbox.
struct lease_released {
  task_index task = 0;
  std::uint32_t item = no_item;
  std::uint64_t number = 0;
};

/// The run gives back every lease of a pool, and waits for none: left for the pool in the outbox.
struct pool_left {
  std::string pool;
};

/// What names of pipelines mean to this run from now on. Stored in the header.
struct callees_found {
  std::vector<callee> callees;
};

/// Stored in the header.
struct priority_changed {
  task_priority priority = task_priority::normal;
  std::uint8_t before = 2; ///< As it stands in the header.
};

/// A `for_each` task knows its items. In memory only unless the items came from a table.
struct fan_opened {
  task_index task = 0;
  std::uint32_t total = 0;
  value items;
};

/// A run that waited began. Stored.
struct run_begun {
  timestamp at;
};

/// The run ended. Stored.
struct run_ended {
  run_status status = run_status::succeeded;
  timestamp at;
  std::string error_text;
};

struct timer_set {
  timer_fired what;
};
struct timer_cleared {
  timer_fired what;
};

/// A message for another run is left in the outbox until it was taken.
struct message_left {
  run_id to;
  /// The child's pipeline, which may have its birth still before it: it tells the child after that.
  std::optional<pipeline_id> through;
  std::variant<child_ended, cancel_run> what;
  std::uint32_t task = 0; ///< With `item`: makes its key, so that deciding again writes the same one.
  std::uint32_t item = no_item;
};

using run_change =
  std::variant<task_recorded, attempt_archived, task_begun, fan_opened, run_begun, run_ended, timer_set, timer_cleared,
               message_left, lease_asked, lease_released, pool_left, priority_changed, callees_found>;

// --- effects ------------------------------------------------------------------------------------

/// Offer an attempt to a worker.
struct start_attempt {
  attempt_ref ref;
};
/// Stop whatever attempts of this run are under way.
struct stop_attempts {};
/// Start a child run and report its end; deterministic id, so a repeat is harmless.
struct start_child {
  task_index task = 0;
  std::uint32_t item = no_item;
  run_id child;
  pipeline_id pipeline;
  value parameters;
};
/// Report to this run that an attempt could not even begin.
struct report_failure {
  attempt_ref ref;
  error why;
};
/// Tell those who wait for the end.
struct announce_end {};
/// Ask the task's pool for a lease; it answers with `lease_granted`. A repeat is harmless.
struct ask_lease {
  task_index task = 0;
  std::uint32_t item = no_item;
  std::uint32_t attempt = 1;
};
/// Attempts that wait for a worker's place wait with the run's new priority.
struct reorder_attempts {};

using run_effect =
  std::variant<start_attempt, stop_attempts, start_child, report_failure, announce_end, ask_lease, reorder_attempts>;

struct run_decision {
  std::vector<run_change> changes; ///< Applied in order by `apply`.
  std::vector<run_effect> effects; ///< Done in order, once the stored changes are durable.
};

/// What a decision is given beside the run.
struct run_context {
  timestamp now;
  std::uint64_t random = 0;
  /// Finds the pipeline that a `run_pipeline` task names (name or id).
  std::function<result<pipeline_id>(const std::string& name)> find_pipeline;
  /// Whether a pool has a limit; empty: none has.
  std::function<bool(const std::string& pool)> is_limited = {};
};

/// Decides what `command` does to `run`. Pure: the same run, command and context give the same decision.
/// Never copies the run: a decision about one of 100,000 tasks is a few bytes.
/// @returns `errc::invalid_transition` if the run cannot take the command (a cancel after its end); late reports of
/// attempts, timers and children give an empty decision.
[[nodiscard]] result<run_decision> decide(const run_state& run, const run_command& command, const run_context& context);

/// Carries out one change in memory, live and when loading alike.
void apply(run_state& run, const run_change& change);

/// A stored record of a task or item, opened.
struct stored_task {
  task_index task = 0;
  std::uint32_t item = no_item;
  task_record record;
  std::string error_text;
  value items;
};

/// Builds a run from its header and records (any order of tasks; none for a new run). Nothing is under way afterwards:
/// `resume_run` begins it.
[[nodiscard]] run_state load_run(run_record header, std::shared_ptr<const bound_plan> graph,
                                 std::shared_ptr<const value> parameters, const std::vector<stored_task>& stored);

/// The id of the child that an attempt of `task` and `item` starts: always the same, in the slot of its pipeline.
[[nodiscard]] run_id child_run_id(const run_record& parent, task_index task, std::uint32_t item, std::uint32_t attempt,
                                  pipeline_id pipeline);

/// What every task of a run looks like from outside, from its records: those without one are pending, running (all they
/// need succeeded), blocked or skipped, or cancelled if the run was.
/// @param is_limited as in `run_context`: a task of such a pool runs only once its record says so.
[[nodiscard]] std::vector<task_status>
derive_statuses(const bound_plan& graph, run_status run, const std::vector<std::optional<task_status>>& recorded,
                const std::function<bool(const std::string& pool)>& is_limited = {});

/// With which priority a task of a run waits: with its own if it was given one, else with its run's.
[[nodiscard]] task_priority priority_of(const run_record& run, const task_spec& task) noexcept;

} // namespace penstock
