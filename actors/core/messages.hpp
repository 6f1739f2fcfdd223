#pragma once

#include "actors/audit_note.hpp"
#include "actors/core/pipeline_standings.hpp"
#include "actors/core/pool_messages.hpp"
#include "actors/core/run_history.hpp"
#include "actors/operations.hpp"
#include "runtime/boxed.hpp"
#include "runtime/engines/engine.hpp"
#include "runtime/lifecycle/run.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What entities are told, and what they hand to their partition. Local to a node: between nodes travel bytes.
namespace penstock {

class entity_core;
class system_draft;
class system_tables;

/// The entity that the system tables belong to. Ids whose first 15 bytes are zero live in the system partition.
inline constexpr uuid system_entity{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
[[nodiscard]] constexpr bool is_system_entity(const uuid& id) noexcept {
  for (std::size_t i = 0; i + 1 < id.bytes.size(); ++i)
    if (id.bytes[i] != 0) return false;
  return true;
}

// --- to a pipeline ------------------------------------------------------------------------------

/// A definition, compiled: what becomes a revision.
struct compiled_definition {
  definition source;
  std::shared_ptr<const bound_plan> graph;
  std::vector<std::string> warnings;
};

struct create_pipeline {
  pipeline_record record;
  compiled_definition compiled;
  request_key once;
  reply<pipeline_view> done;
};

struct update_pipeline {
  caller who;
  pipeline_patch patch;
  std::optional<compiled_definition> compiled; ///< Of `patch.source`.
  reply<pipeline_view> done;
};

struct delete_pipeline {
  caller who;
  reply<void> done;
  std::optional<pipeline_state> if_state = {};
};

/// Starts a run of the pipeline told.
struct start_run {
  workspace_id workspace;
  std::optional<pipeline_type> type; ///< A pipeline of another type is not there.
  value parameters;
  std::optional<compiled_definition> own; ///< A definition for this run alone.
  trigger_kind trigger = trigger_kind::manual;
  std::string triggered_by;
  std::string traceparent;
  request_key once;
  std::optional<run_id> id; ///< Given by a parent, whose repeated request must find the same run.
  std::optional<parent_ref> parent;
  std::optional<uuid> webhook;          ///< The registered sender of the request, if it came from one …
  std::string external_job_id;          ///< … and what it calls the job.
  std::optional<std::uint8_t> priority; ///< As `task_priority`; none: the definition's.
  std::optional<milliseconds> wait;     ///< `done` is called when the run has ended, or this time is up.
  reply<started_run> done;
  std::function<void()> begun; ///< With `wait`: called once the start is durable, however long `done` has to wait.
};

/// Clears the next few runs of a deleted pipeline.
struct clear_step {
  keys::timer timer;
};

// A pipeline decides on its schedules and backfills, too: what they start is its runs.
struct schedule_created {
  schedule_record record; ///< Without what only the pipeline knows.
  value parameters;
  request_key once;
  reply<schedule_view> done;
};
struct schedule_changed {
  workspace_id workspace;
  schedule_id id;
  schedule_draft changes; ///< Checked by themselves, not together.
  std::optional<bool> paused;
  reply<schedule_view> done;
};
struct schedule_deleted {
  workspace_id workspace;
  schedule_id id;
  reply<void> done;
};
/// Schedules come due soon: the pipeline takes them into memory, so that nothing needs to be read when they do.
struct expect_schedules {
  std::vector<schedule_id> soon;
};
/// Schedules are due.
struct fire_schedules {
  std::vector<keys::timer> due;
};

struct backfill_created {
  backfill_record record;
  value parameters;
  request_key once;
  reply<backfill_view> done;
};
struct backfill_changed {
  workspace_id workspace;
  backfill_id id;
  backfill_action action;
  reply<backfill_view> done;
};

/// A run that holds a lease, or whose launcher waits for it, has ended.
struct run_over {
  run_id run;
  run_status status = run_status::succeeded;
  std::optional<uuid> launcher;
  trigger_kind trigger = trigger_kind::manual; ///< What kind of thing the launcher is.
};
/// A run that waits in the queue has another priority from now on.
struct queue_changed {
  run_id run;
  std::uint8_t before = 2;
  std::uint8_t after = 2;
};
/// Takes up what was under way when the partition was last led: queued runs, backfills, schedules with due times waiting.
struct take_up {};

/// A pipeline that the one told depends on has ended a run.
struct upstream_ended {
  dependency_record dependency;
  run_id run;
  run_status status = run_status::succeeded;
  std::function<void()> taken;
};

/// The parent of a run that this pipeline was asked for has ended. Comes behind the asking, so the run is born or never
/// will be.
struct stop_child {
  run_id child;
  std::string by;
  std::function<void()> taken;
};

using pipeline_command =
  std::variant<create_pipeline, update_pipeline, delete_pipeline, start_run, clear_step, schedule_created,
               schedule_changed, schedule_deleted, expect_schedules, fire_schedules, backfill_created, backfill_changed,
               run_over, queue_changed, take_up, upstream_ended, stop_child>;

// --- to a run -----------------------------------------------------------------------------------

struct run_message {
  run_command command;
  std::optional<workspace_id> workspace; ///< Of a client: the run is not found in any other.
  reply<run_view> done;                  ///< Empty: nobody waits.
  std::function<void()> taken;           ///< Called once the command's changes are durable. May be empty.
};

// --- to the keyring (partition 0) ---------------------------------------------------------------

struct create_key {
  api_key_record record;
  request_key once;
  reply<void> done;
};
struct revoke_key {
  workspace_id workspace;
  api_key_id id;
  reply<void> done;
};
struct key_use {
  api_key_id id;
  timestamp at;
};
struct touch_keys {
  std::vector<key_use> used;
};
/// Makes a workspace, or finds it made.
struct make_workspace {
  workspace_record record;
  reply<void> done;
};

using key_command = std::variant<create_key, revoke_key, touch_keys, make_workspace>;

// --- to the system tables (partition 0) ---------------------------------------------------------

/// A change of what the system partition knows. `decide` looks at the tables, refuses with an error before it changed
/// anything, or writes into the draft.
struct system_change {
  std::function<result<void>(system_draft& draft, timestamp now)> decide;
  reply<void> done; ///< Empty: nobody waits.
};

// --- to the deliveries of a partition -------------------------------------------------------------

/// How an attempt to post a delivery ended.
struct delivery_outcome {
  delivery_id id;
  delivery_attempt attempt;
  std::optional<milliseconds> retry_after; ///< What the receiver asked for.
  bool final = false;                      ///< Trying again is of no use.
};
/// Decides of each whether and when it is tried again.
struct settle_deliveries {
  std::vector<delivery_outcome> ended;
  reply<void> done;
};
/// By hand.
struct redeliver {
  workspace_id workspace;
  delivery_id id;
  reply<delivery_record> done;
};
/// Gives up the next few pending deliveries of an endpoint that is gone or disabled; `done` is told whether there are more.
struct drop_deliveries {
  uuid endpoint;
  reply<bool> done;
};
/// Clears the next few events made before a time, with their deliveries. `done` is told where to go on; empty: done.
struct clear_events {
  timestamp before;
  std::string from; ///< A key; empty: from the oldest on.
  reply<std::string> done;
};
using delivery_command = std::variant<settle_deliveries, redeliver, drop_deliveries, clear_events>;

// --- to the claim on an external job --------------------------------------------------------------

/// The run that stands for a job of an outside scheduler.
struct job_claim {
  run_id run;
  pipeline_id pipeline;
};
/// Answers with the claim that there is, else with `wanted`, which is durable then.
struct claim_job {
  std::string key;  ///< Hash of 32 bytes over the registered sender and the job's name there.
  job_claim wanted; ///< Without a pipeline it is only asked which claim there is.
  reply<job_claim> done;
};
/// The claim's run could not be started, or is gone. Nothing happens if another run has the claim.
struct release_job {
  std::string key;
  run_id run;
  reply<void> done;
};
using claim_command = std::variant<claim_job, release_job>;

// --- to the audit log of a partition --------------------------------------------------------------

/// Keeps what clients were refused.
struct keep_refusals {
  std::vector<audit_entry> entries;
};
/// Clears the next few entries made before a time. `done` is told where to go on; empty: done.
struct clear_audit {
  timestamp before;
  std::string from; ///< A key; empty: from the first workspace on.
  reply<std::string> done;
};
using audit_command = std::variant<keep_refusals, clear_audit>;

using entity_command = std::variant<pipeline_command, run_message, key_command, system_change, delivery_command,
                                    claim_command, pool_command, audit_command>;

// --- from an entity -----------------------------------------------------------------------------

/// Offer to a worker.
struct offer_attempt {
  std::shared_ptr<attempt_request> request;
};
struct stop_run {
  run_id run;
};
/// Attempts of a run that wait for a place wait with another priority from now on.
struct reorder_run {
  run_id run;
  task_priority priority = task_priority::normal;
};
/// Ask another pipeline for a child run.
struct ask_child {
  run_id parent;
  workspace_id workspace;
  boxed<start_child> what;
  std::string traceparent;
  std::uint32_t depth = 1; ///< Of the child, as in `parent_ref`.
};
struct arm_timer {
  keys::timer timer;
};
/// A message of the outbox, to be delivered until it is taken.
struct send_message {
  std::string key; ///< In family `outbox` of the sending partition.
  uuid to;
  boxed<entity_command> command; ///< One that has a member `taken`, which whoever delivers it sets.
};
/// The command with its `taken` set: called once the receiver's change is durable.
[[nodiscard]] entity_command with_taken(entity_command command, std::function<void()> taken);
/// To this very run, as if it came from a worker.
struct tell_run {
  run_id run;
  boxed<run_command> command;
  std::function<void()> taken = {}; ///< As in `run_message`.
};
struct run_changed {
  run_id run;
};
struct run_finished {
  std::shared_ptr<const run_view> view; ///< Without tasks.
};
struct remove_files {
  run_id run;
};
struct key_changed {
  boxed<api_key_record> record;
};
/// The node's copy of the system tables follows.
struct system_updated {
  std::function<void(system_tables&)> change;
};
/// To a pipeline of this partition.
struct tell_pipeline {
  pipeline_id pipeline;
  boxed<pipeline_command> command;
};
/// Post a delivery, when it is due.
struct deliver {
  keys::pending_delivery what;
};
/// To any entity, from outside its partition. Not sent again after a crash.
struct tell_entity {
  uuid entity;
  boxed<entity_command> command;
};
/// A due time started its run.
struct schedule_fired {
  timestamp due;
};
/// Calls `done` (of `start_run`) when the run has ended, or with the run as it is when the time is up.
struct await_end {
  run_id run;
  timestamp until;
  reply<started_run> done;
  std::function<void()> begun; ///< Of `start_run`.
};

using entity_effect = std::variant<offer_attempt, stop_run, ask_child, arm_timer, send_message, tell_run, run_changed,
                                   run_finished, remove_files, key_changed, system_updated, tell_pipeline, deliver,
                                   tell_entity, reorder_run, schedule_fired, await_end>;
static_assert(sizeof(entity_effect) <= 96, "every decision makes a list of these: box what is large and rare");

/// An answer that waits until what it rests on is durable. Given an error, it passes that on instead: what was decided is
/// void, and the caller should try again.
using gated_reply = std::function<void(const error* lost)>;

template <class T>
[[nodiscard]] gated_reply gate(reply<T> done, result<T> with) {
  return [done = std::move(done), with = std::move(with)](const error* lost) {
    if (lost) done(unexpected(*lost));
    else done(with);
  };
}

/// A run that its pipeline made.
struct born_run {
  run_id id;
  bool keep = false; ///< As `proposal::keep`.
  std::unique_ptr<entity_core> core;
};

/// An entity's answer to one command: exactly one each, in order.
struct proposal {
  proposal();
  ~proposal();

  uuid entity;
  std::uint64_t life = 0;             ///< Which core of the entity decided; the partition's own mark.
  mutation_batch mutations;           ///< Empty: nothing to store, but the rest still waits for what is under way.
  std::vector<entity_effect> effects; ///< Done in order once the mutations are durable.
  std::vector<gated_reply> replies;   ///< Called before the effects.
  std::vector<born_run> born;         ///< Live from now on.
  // The partition adds to the mutations what these mean.
  std::vector<standing_change> standings;
  std::vector<run_history::births> births;
  std::vector<audit_entry> audited;
  audit_note_ptr note;        ///< Of the command, if a client sent it.
  std::optional<run_id> made; ///< The run that the command started.
  std::size_t due = 0;        ///< Schedules that the command was about, if it was `fire_schedules`.
  bool refused = false;       ///< The command changed nothing.
  bool keep = false;          ///< Has something under way that only this memory knows.
  bool lasting = false;       ///< Worth keeping in memory for a while (pipelines).

  /// Answers whoever waits, if anybody does, behind what is decided here. An error says that the command was refused.
  template <class T>
  void answer(reply<T>& done, result<T> with) {
    refused = refused || !with;
    if (done) replies.push_back(gate<T>(std::move(done), std::move(with)));
  }
};

} // namespace penstock
