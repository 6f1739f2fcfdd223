#pragma once

#include "runtime/engines/disk_reserve.hpp"
#include "runtime/engines/fair_queue.hpp"
#include "runtime/error.hpp"
#include "runtime/model/attempt.hpp"
#include "runtime/model/ids.hpp"
#include "runtime/model/records.hpp"
#include "runtime/plan/plan.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

enum class log_level : std::uint8_t { debug = 1, info = 2, warn = 3, error = 4 };
[[nodiscard]] std::string_view to_text(log_level l) noexcept;

/// Where an attempt's log lines go. Thread-safe; masks the task's secrets; drops lines beyond the log's size limit and
/// says so once.
class attempt_log {
public:
  virtual ~attempt_log() = default;
  virtual void line(log_level level, std::string_view text) = 0;
  /// From now on these texts are the secrets, instead of those before.
  virtual void mask(const std::vector<std::string>& secrets) = 0;
};

/// A table or file an attempt may read: the output of a task it needs.
struct input_table {
  std::string name;               ///< The upstream task's id; its name in SQL.
  std::vector<std::string> files; ///< Absolute paths of Parquet files, one per item for `for_each` tasks.
};

/// What an engine needs to know of a task, whatever its type.
struct attempt_task {
  std::string id;
  task_type type = task_type::noop;
  bool priority_given = false;
  std::string unavailable; ///< Not empty: cannot run on this server; the reason.
};

/// What an attempt is done with: as large as the task's definition, or larger, so only attempts that have a place hold it.
struct attempt_fields {
  value config; ///< The task's own fields with every placeholder substituted.
  std::vector<check_spec> checks;
  std::vector<std::string> secrets; ///< Texts masked in logs and errors.
  std::vector<input_table> inputs;
};

/// Everything an engine is given. Owned by the engine until `done` was called.
struct attempt_request {
  attempt_ref ref;
  attempt_task task;
  attempt_fields fields;
  /// Makes `fields` where they are not given: called once the attempt has its place, from any thread, perhaps repeatedly.
  /// On failure `fields.secrets` are there all the same, as far as they could be made.
  std::function<result<void>(attempt_fields& fields)> bind;
  bool table_wanted = false;   ///< Another task reads its table: an http task makes one of a JSON answer then.
  bool needs_directory = true; ///< False: it writes no file, so that no directory need be made for it.
  std::string work_dir;        ///< Absolute, empty, this attempt's own; removed by the worker afterwards.
  std::string artifact_file;   ///< Absolute path at which the output table (Parquet) is to be written.
  std::string artifact_path;   ///< The same relative to the data directory, for `artifact::path`.
  std::string output_dir;      ///< Absolute: where a sink without a path writes `output.<format>`; exists.
  std::string output_path;     ///< The same relative to the data directory.
  std::string traceparent;     ///< W3C trace context, empty: none.
  workspace_id workspace;      ///< Whose run it is: workspaces take turns where attempts wait.
  task_priority priority =
    task_priority::normal;      ///< Its place among attempts that wait: its task's own, else its run's.
  std::uint64_t timeout_ms = 0; ///< 0 = the engine's own limit.
  bool expand_items =
    false; ///< Not to run the task but to read the rows of `inputs.front()` as `attempt_result::items`.
  std::shared_ptr<attempt_log> log;
};

/// Does attempts of one or more task types. Its functions may be called from any thread and return at once.
class engine {
public:
  using done_callback = std::function<void(attempt_result)>;

  virtual ~engine() = default;

  /// Begins an attempt; `done` is called exactly once, from a thread of the engine, never inside `start`.
  virtual void start(attempt_request request, done_callback done) = 0;

  /// Stops an attempt: the whole process tree with SIGTERM, after a grace time SIGKILL. `done` follows with
  /// `cancelled`, or with what the attempt had come to before the stop arrived.
  /// Nothing happens for an attempt that is not there (any more).
  virtual void cancel(const attempt_ref& ref) = 0;

  /// A run has another priority from now on: it counts for those of its attempts that still wait for a place, unless their
  /// task has one of its own.
  virtual void set_priority(const run_id& run, task_priority priority) = 0;

  /// Attempts that wait for a place.
  [[nodiscard]] virtual counts_by_priority waiting() const = 0;

  /// Attempts that may run at once.
  [[nodiscard]] virtual std::size_t places() const = 0;
};

/// Settings of the engines, from the server's flags.
struct engine_settings {
  std::string data_dir;        ///< Absolute.
  std::string files_dir;       ///< Absolute: below it the `file` connector reads and writes.
  std::string self_executable; ///< Path of this program, started again as child process.
  std::string duckdb_library;  ///< Path of libduckdb.so; empty: searched beside the program.
  bool allow_private_addresses = false;
  std::uint64_t sql_memory_bytes = 1ull << 30;  ///< Hard limit of a SQL child.
  std::uint64_t task_memory_bytes = 0;          ///< Hard limit of each process of a command; 0 = none.
  std::uint64_t output_bytes_max = 16ull << 30; ///< What a command prints to be read as a table.
  std::uint64_t task_file_bytes = 16ull << 30;  ///< Hard limit of each file that a command writes; 0 = none.
  std::uint64_t disk_free_min = 512ull << 20;   ///< What tasks must leave free where `data_dir` lies; 0 = nothing.
  bool require_confinement = false;             ///< Runs no command where it could see everybody's data.
  bool can_confine = true;                      ///< What `can_confine_tasks` found.
  std::uint64_t http_response_bytes_max = 16u << 20;
  std::uint64_t rows_max = 1'000'000'000;
  std::uint64_t log_bytes_max = 8u << 20;                 ///< Per attempt.
  std::uint64_t attempt_timeout_ms = 24ull * 3600 * 1000; ///< Of an attempt without a timeout of its own.
  std::uint64_t kill_grace_ms = 5'000;
  std::size_t processes_max = 8;       ///< shell and table work at once.
  std::size_t http_max = 256;          ///< http tasks at once.
  std::size_t http_per_host_max = 128; ///< Of them to one host, so that a silent one does not hold up the others.

  [[nodiscard]] disk_reserve reserve() const { return {data_dir, disk_free_min}; }
};

} // namespace penstock
