#pragma once

#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"
#include "runtime/model/records.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Keys of all column families. Integers are big-endian, so byte order is value order; a layout is permanent, another one is
/// another kind byte. Keys of `state` and `history` begin with the slot, so partitions can be split without rewriting
/// them; keys of `index`, `counters`, `timers`, `outbox` and `requests` begin with the partition and can be rebuilt.
namespace penstock::keys {

/// Second part of keys of `state`. A number once given is never reused.
enum class state_kind : std::uint8_t { pipeline = 1, revision = 2, run = 3, task = 4, api_key = 16 };

/// Second part of keys of `index`.
enum class index_kind : std::uint8_t {
  pipelines = 1,         ///< workspace | newest first
  pipeline_names = 2,    ///< workspace | name | 0 | pipeline
  runs_of_pipeline = 3,  ///< pipeline | newest first
  ended_runs = 4,        ///< pipeline | status | newest first
  active_runs = 5,       ///< pipeline | newest first
  runs_of_workspace = 6, ///< workspace | newest first
};

/// Second part of keys of `counters`.
enum class counter_kind : std::uint8_t { pipelines_of_workspace = 1, runs_of_pipeline = 2, runs_of_workspace = 3 };

/// Stands for the slot in keys of things that no slot owns: API keys, workspaces.
inline constexpr slot_number system_slot = 0xffff;

// --- state --------------------------------------------------------------------------------------
[[nodiscard]] std::string pipeline(pipeline_id id);
[[nodiscard]] std::string revision(pipeline_id id, std::uint32_t number);
[[nodiscard]] std::string run(run_id id);
/// slot u16 | 4 | run 16 | task u32
[[nodiscard]] std::string task(run_id id, std::uint32_t number);
/// slot u16 | 4 | run 16 | task u32 | item u32
[[nodiscard]] std::string item(run_id id, std::uint32_t number, std::uint32_t item);
/// Common beginning of all keys of a run's tasks and items.
[[nodiscard]] std::string tasks_prefix(run_id id);
[[nodiscard]] std::string api_key(api_key_id id);
[[nodiscard]] std::string api_keys_prefix();

struct task_key {
  std::uint32_t task = 0;
  std::uint32_t item = UINT32_MAX; ///< UINT32_MAX: the task itself.
};
/// @returns `errc::corrupt_record` unless `key` is one of a run's task or item.
[[nodiscard]] result<task_key> decode_task(std::string_view key);

// --- history ------------------------------------------------------------------------------------
/// slot u16 | run 16 | task u32 | item u32 | attempt u32
[[nodiscard]] std::string archived_attempt(run_id id, std::uint32_t task, std::uint32_t item, std::uint32_t attempt);
[[nodiscard]] std::string history_prefix(run_id id);

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
/// The id at the end of an entry whose id is turned (newest first).
[[nodiscard]] uuid turned_id(std::string_view key) noexcept;
/// The id at the end of a key.
[[nodiscard]] uuid plain_id(std::string_view key) noexcept;

// --- counters -----------------------------------------------------------------------------------
[[nodiscard]] std::string pipelines_of_workspace(partition_id p, workspace_id owner);
[[nodiscard]] std::string runs_of_pipeline(partition_id p, pipeline_id owner, run_status status);
[[nodiscard]] std::string runs_of_workspace(partition_id p, workspace_id owner, run_status status);

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

  [[nodiscard]] std::string encode() const;
  /// @returns `errc::corrupt_record` unless `bytes` is exactly one key.
  [[nodiscard]] static result<timer> decode(std::string_view bytes);
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
/// partition u16 | hash 32
[[nodiscard]] std::string request(partition_id p, std::string_view hash);

/// The first key behind all that begin with `prefix`: the end of its scan. `prefix` must not be all 0xff.
[[nodiscard]] std::string behind(std::string prefix);

} // namespace penstock::keys
