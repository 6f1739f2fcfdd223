#pragma once

#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"
#include "runtime/model/records.hpp"
#include "runtime/model/schedule.hpp"
#include "runtime/model/webhook.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Keys of all column families. Integers are big-endian, so byte order is value order; a layout is permanent, another one is
/// another kind byte. Keys of `state` and `history` begin with the slot, so partitions can be split without rewriting
/// them; keys of `index`, `counters`, `timers`, `outbox`, `requests`, `events` and `audit` begin with the partition.
namespace penstock::keys {

/// Second part of keys of `state`. A number once given is never reused.
enum class state_kind : std::uint8_t {
  pipeline = 1,
  revision = 2,
  run = 3,
  task = 4,
  schedule = 5,
  backfill = 6,
  lease = 7,          ///< pipeline 16 | run 16: the run counts against its pipeline's `concurrency`.
  upstream_mark = 8,  ///< pipeline 16 | upstream 16: what is known of a pipeline it depends on.
  pool_lease = 9,     ///< pool 16 | run 16 | task u32 | item u32
  standing = 10,      ///< pipeline 16: by what lists of pipelines are sorted.
  heard_run = 11,     ///< pipeline 16 | run 16: the end of a run of another pipeline that this one was told.
  open_interval = 12, ///< backfill 16 | number u32: an interval that failed, or is to be run again.
  api_key = 16,
  workspace = 17,
  endpoint = 18,
  trigger = 19,
  dependency = 20,
  calendar = 21, ///< workspace 16 | name
  pool = 22,     ///< workspace 16 | name
};

/// Second part of keys of `index`.
enum class index_kind : std::uint8_t {
  pipelines = 1,              ///< workspace | newest first
  pipeline_names = 2,         ///< workspace | name | 0 | pipeline
  runs_of_pipeline = 3,       ///< pipeline | newest first
  ended_runs = 4,             ///< pipeline | status | newest first
  active_runs = 5,            ///< pipeline | newest first
  runs_of_workspace = 6,      ///< workspace | newest first
  queued_runs = 7,            ///< pipeline | highest priority first | oldest first: runs that wait for its limit
  schedules_of_pipeline = 8,  ///< pipeline | newest first
  schedules_of_workspace = 9, ///< workspace | newest first
  backfills_of_pipeline = 10,
  backfills_of_workspace = 11,
  busy_launchers = 12, ///< pipeline | schedule or backfill that is to be told of the ends of its runs
  // 13 is retired.
  runs_by_status = 14,     ///< workspace | status | newest first
  pipelines_by_class = 15, ///< workspace | type and standing | newest first
};

/// Second part of keys of `counters`.
enum class counter_kind : std::uint8_t {
  pipelines_of_workspace = 1,
  runs_of_pipeline = 2,
  runs_of_workspace = 3,
  schedules_of_pipeline = 4,
  schedules_of_workspace = 5,
  backfills_of_pipeline = 6,
  backfills_of_workspace = 7,
  deliveries_of_endpoint = 8,
  pending_deliveries = 9, ///< Of the partition as a whole: the owner is nil.
  // Of those below, see `storage/run_keys.hpp`.
  run_births_of_pipeline = 16,
  run_births_of_workspace = 17,
  runs_of_partition = 18,
  run_ends_of_workspace = 19,
  pipelines_of_class = 20,
};

/// Second part of keys of `events`.
enum class event_kind : std::uint8_t {
  event = 1,
  delivery = 2,
  deliveries_of_endpoint = 3, ///< endpoint | newest first
  pending_deliveries = 4,     ///< endpoint | due first
};

/// Stands for the slot in keys of things that no slot owns: API keys, workspaces.
inline constexpr slot_number system_slot = 0xffff;

// --- state --------------------------------------------------------------------------------------
[[nodiscard]] std::string pipeline(pipeline_id id);
[[nodiscard]] std::string revision(pipeline_id id, std::uint32_t number);
[[nodiscard]] std::string revisions_prefix(pipeline_id id);
[[nodiscard]] std::string run(run_id id);
/// slot u16 | 4 | run 16 | task u32
[[nodiscard]] std::string task(run_id id, std::uint32_t number);
/// slot u16 | 4 | run 16 | task u32 | item u32
[[nodiscard]] std::string item(run_id id, std::uint32_t number, std::uint32_t item);
/// Common beginning of all keys of a run's tasks and items.
[[nodiscard]] std::string tasks_prefix(run_id id);
[[nodiscard]] std::string api_key(api_key_id id);
[[nodiscard]] std::string api_keys_prefix();

[[nodiscard]] std::string schedule(schedule_id id);
[[nodiscard]] std::string backfill(backfill_id id);
/// slot u16 | 7 | pipeline 16 | run 16
[[nodiscard]] std::string lease(pipeline_id owner, run_id id);
[[nodiscard]] std::string leases_prefix(pipeline_id owner);
/// slot u16 | 8 | pipeline 16 | upstream 16
[[nodiscard]] std::string upstream_mark(pipeline_id owner, pipeline_id upstream);
[[nodiscard]] std::string upstream_marks_prefix(pipeline_id owner);
/// slot u16 | 11 | pipeline 16 | run 16
[[nodiscard]] std::string heard_run(pipeline_id owner, run_id id);
[[nodiscard]] std::string heard_runs_prefix(pipeline_id owner);
/// slot u16 | 12 | backfill 16 | number u32
[[nodiscard]] std::string open_interval(backfill_id owner, std::uint32_t number);
[[nodiscard]] std::string open_intervals_prefix(backfill_id owner);
/// The number in a key of an open interval.
[[nodiscard]] std::uint32_t interval_number(std::string_view key) noexcept;
/// slot u16 | 9 | pool 16 | run 16 | task u32 | item u32; a pool is an entity with an id of its own (`actors/core/pool_core`).
[[nodiscard]] std::string pool_lease(const uuid& pool, run_id id, std::uint32_t task, std::uint32_t item);
[[nodiscard]] std::string pool_leases_prefix(const uuid& pool);
/// Of things in the system partition: their kind, and behind it an id, or a workspace and a name.
[[nodiscard]] std::string system_prefix(state_kind kind);
[[nodiscard]] std::string system_record(state_kind kind, const uuid& id);
[[nodiscard]] std::string named_record(state_kind kind, workspace_id owner, std::string_view name);

struct task_key {
  std::uint32_t task = 0;
  std::uint32_t item = UINT32_MAX; ///< UINT32_MAX: the task itself.
};
/// @returns `errc::corrupt_record` unless `key` is one of a run's task or item.
[[nodiscard]] result<task_key> decode_task(std::string_view key);

struct lease_key {
  run_id run;
  std::uint32_t task = 0;
  std::uint32_t item = UINT32_MAX; ///< UINT32_MAX: the task itself.
};
/// @returns `errc::corrupt_record` unless `key` is one of `pool_lease`.
[[nodiscard]] result<lease_key> decode_pool_lease(std::string_view key);

// --- history ------------------------------------------------------------------------------------
/// slot u16 | run 16 | task u32 | item u32 | attempt u32
[[nodiscard]] std::string archived_attempt(run_id id, std::uint32_t task, std::uint32_t item, std::uint32_t attempt);
[[nodiscard]] std::string history_prefix(run_id id);
struct attempt_key {
  std::uint32_t task = 0;
  std::uint32_t item = UINT32_MAX; ///< UINT32_MAX: the task itself.
  std::uint32_t attempt = 1;
};
/// @returns `errc::corrupt_record` unless `key` is one of an archived attempt.
[[nodiscard]] result<attempt_key> decode_archived_attempt(std::string_view key);

// --- index --------------------------------------------------------------------------------------
/// partition u16 | kind | owner 16, and behind it the id with all bits turned, so that the newest comes first.
[[nodiscard]] std::string index_prefix(partition_id p, index_kind kind, const uuid& owner);
[[nodiscard]] std::string index_entry(partition_id p, index_kind kind, const uuid& owner, const uuid& id);
[[nodiscard]] std::string ended_run_prefix(partition_id p, pipeline_id owner, run_status status);
[[nodiscard]] std::string ended_run(partition_id p, pipeline_id owner, run_status status, run_id id);
/// Common beginning of all active runs of a partition.
[[nodiscard]] std::string active_runs_prefix(partition_id p);
[[nodiscard]] std::string pipeline_name_prefix(partition_id p, workspace_id owner, std::string_view name);
[[nodiscard]] std::string pipeline_name(partition_id p, workspace_id owner, std::string_view name, pipeline_id id);
/// partition u16 | 7 | pipeline 16 | 255 - priority u8 | run 16
[[nodiscard]] std::string queued_run(partition_id p, pipeline_id owner, std::uint8_t priority, run_id id);
/// Common beginning of all entries of a kind in a partition.
[[nodiscard]] std::string index_of_partition(partition_id p, index_kind kind);
/// The owner in an index entry.
[[nodiscard]] uuid index_owner(std::string_view key) noexcept;
/// The id at the end of an entry whose id is turned (newest first).
[[nodiscard]] uuid turned_id(std::string_view key) noexcept;
/// The id at the end of a key.
[[nodiscard]] uuid plain_id(std::string_view key) noexcept;

// --- counters -----------------------------------------------------------------------------------
[[nodiscard]] std::string pipelines_of_workspace(partition_id p, workspace_id owner);
[[nodiscard]] std::string runs_of_pipeline(partition_id p, pipeline_id owner, run_status status);
[[nodiscard]] std::string runs_of_workspace(partition_id p, workspace_id owner, run_status status);

/// Of the kinds that count for an owner as a whole.
[[nodiscard]] std::string counter_of(partition_id p, counter_kind kind, const uuid& owner);

// --- timers -------------------------------------------------------------------------------------
/// Key of a timer: partition u16 | due_ms u64 | kind u8 | id 16 | task u32 | item u32 | attempt u32. Byte order is the
/// order of time, so a scan from a partition's start yields what is due first.
struct timer {
  partition_id partition = 0;
  timestamp due;
  std::uint8_t kind = 0;
  uuid id; ///< The run or pipeline; of `request_expiry` the first half of the request's hash.
  std::uint32_t task = 0;
  std::uint32_t item = 0;
  std::uint32_t attempt = 0;
  uuid owner = {}; ///< Of a schedule its pipeline. Not a part of the key; the stored value, if it is there.

  [[nodiscard]] std::string encode() const;
  /// @returns `errc::corrupt_record` unless `key` is exactly one key.
  [[nodiscard]] static result<timer> decode(std::string_view key, std::string_view stored = {});
  friend bool operator==(const timer&, const timer&) = default;
};
[[nodiscard]] std::string timers_prefix(partition_id p);
/// End (exclusive) of a partition's timers due up to and including `due`.
[[nodiscard]] std::string timers_until(partition_id p, timestamp due);

// --- outbox, requests ---------------------------------------------------------------------------
/// partition u16 | kind u8 | source 16 | task u32 | item u32
[[nodiscard]] std::string message(partition_id p, std::uint8_t kind, run_id source, std::uint32_t task,
                                  std::uint32_t item);
[[nodiscard]] std::string messages_prefix(partition_id p);
/// Common beginning of a run's messages of one kind.
[[nodiscard]] std::string messages_of_run(partition_id p, std::uint8_t kind, run_id source);
/// To a pool. partition u16 | kind u8 | source 16 | task u32 | item u32 | number u64, which tells messages about the same
/// apart: one may be taken out while the next is written.
[[nodiscard]] std::string pool_message(partition_id p, std::uint8_t kind, const uuid& source, std::uint32_t task,
                                       std::uint32_t item, std::uint64_t number);
/// partition u16 | hash 32
[[nodiscard]] std::string request(partition_id p, std::string_view hash);

// --- events -------------------------------------------------------------------------------------
/// partition u16 | 1 | event 16: as ids hold their time, the oldest comes first
[[nodiscard]] std::string event(partition_id p, event_id id);
[[nodiscard]] std::string events_prefix(partition_id p);
/// End (exclusive) of a partition's events made before `t`.
[[nodiscard]] std::string events_before(partition_id p, timestamp t);
/// partition u16 | 2 | delivery 16
[[nodiscard]] std::string delivery(partition_id p, delivery_id id);
/// partition u16 | 3 | endpoint 16 | delivery 16 with all bits turned; `turned_id` reads it.
[[nodiscard]] std::string delivery_of_endpoint(partition_id p, const uuid& endpoint, delivery_id id);
[[nodiscard]] std::string deliveries_of_endpoint(partition_id p, const uuid& endpoint);

/// What is to be posted: partition u16 | 4 | endpoint 16 | due_ms u64 | delivery 16. Byte order is the order of time for
/// each endpoint, so a scan from its start yields what is due first.
struct pending_delivery {
  partition_id partition = 0;
  uuid endpoint;
  timestamp due;
  delivery_id id;

  [[nodiscard]] std::string encode() const;
  /// @returns `errc::corrupt_record` unless `bytes` is exactly one key.
  [[nodiscard]] static result<pending_delivery> decode(std::string_view bytes);
  friend bool operator==(const pending_delivery&, const pending_delivery&) = default;
};
[[nodiscard]] std::string pending_prefix(partition_id p);
[[nodiscard]] std::string pending_prefix(partition_id p, const uuid& endpoint);
/// Beginning of an endpoint's keys due at `due` or later.
[[nodiscard]] std::string pending_from(partition_id p, const uuid& endpoint, timestamp due);

// --- audit --------------------------------------------------------------------------------------
/// Who changed what: partition u16 | workspace 16 | time_ms u64 | number u64, the last two with all bits turned, so that byte
/// order is newest first. The number tells entries of one instant apart and grows with each of the partition.
struct audit_place {
  partition_id partition = 0;
  workspace_id workspace;
  timestamp at;
  std::uint64_t number = 0;

  [[nodiscard]] std::string encode() const;
  /// @returns `errc::corrupt_record` unless `bytes` is exactly one key.
  [[nodiscard]] static result<audit_place> decode(std::string_view bytes);
  friend bool operator==(const audit_place&, const audit_place&) = default;
};
[[nodiscard]] std::string audit_prefix(partition_id p);
[[nodiscard]] std::string audit_prefix(partition_id p, workspace_id owner);
/// Beginning of a workspace's entries made at `t` or earlier.
[[nodiscard]] std::string audit_until(partition_id p, workspace_id owner, timestamp t);

/// The first key behind all that begin with `prefix`: the end of its scan. `prefix` must not be all 0xff.
[[nodiscard]] std::string behind(std::string prefix);

} // namespace penstock::keys
