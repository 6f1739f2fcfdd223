#pragma once

#include "actors/access_operations.hpp"
#include "actors/audit_operations.hpp"
#include "actors/caller.hpp"
#include "actors/figure_histogram.hpp"
#include "actors/run_figure.hpp"
#include "actors/schedule_operations.hpp"
#include "actors/webhook_operations.hpp"
#include "runtime/engines/log_files.hpp"
#include "runtime/error.hpp"
#include "runtime/model/records.hpp"
#include "runtime/plan/compile.hpp"
#include "runtime/plan/plan.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// What creates a pipeline, in no surface's words.
struct pipeline_draft {
  std::string name;
  std::string description;
  definition source;
  compile_options defaults; ///< Only `default_retry` and `default_timeout_ms` are read.
  bool enabled = true;
  std::optional<std::string> schedule;
  std::optional<uuid> domain;
  std::vector<std::string> tags;
  value attributes;
  pipeline_type type = pipeline_type::etl;
};

/// The state of a pipeline that a change is meant for: what its `ETag` stands for. Every change makes another.
struct pipeline_state {
  std::uint32_t revision = 1;
  timestamp changed_at;

  [[nodiscard]] static pipeline_state of(const pipeline_record& p) {
    return {p.revision, p.updated_at.value_or(p.created_at)};
  }
  friend bool operator==(const pipeline_state&, const pipeline_state&) = default;
};

/// What changes a pipeline; absent members stay as they are.
struct pipeline_patch {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<definition> source;
  compile_options defaults;
  std::optional<bool> enabled;
  std::optional<pipeline_type> type = {};
  std::optional<std::optional<std::string>> schedule; ///< Inner none takes the schedule away.
  std::optional<std::optional<uuid>> domain;
  std::optional<std::vector<std::string>> tags;
  value attributes;                       ///< An object whose members are set one by one; null: none.
  bool always_revise = false;             ///< A new revision even if the definition did not change (engine surface).
  std::optional<pipeline_state> if_state; ///< In any other: `errc::precondition_failed`, and nothing is changed.
};

/// A pipeline as clients may see it.
struct pipeline_view {
  pipeline_record record;
  std::optional<definition> source;   ///< Only where one pipeline was asked for.
  std::vector<std::string> warnings;  ///< Of the newest revision; only where one pipeline was asked for.
  std::optional<run_record> last_run; ///< The newest run, if any.
  bool failing = false;               ///< The last of its runs to end failed; cancelled ones do not count.
  /// When its own schedule starts it next, if it will.
  std::optional<timestamp> next_run_at = {};
};

/// An attempt that failed and was followed by another.
struct attempt_view {
  std::optional<std::uint32_t> item; ///< Of a `for_each` task.
  std::uint32_t attempt = 1;
  timestamp started_at;
  timestamp ended_at;
  std::string error; ///< Opened.
};

struct task_view {
  std::string id;
  task_type type = task_type::noop;
  task_status status = task_status::pending;
  std::vector<std::string> needs;
  task_record record;
  std::string error;                          ///< Opened; empty: none.
  std::uint32_t items_done = 0;               ///< `for_each`: ended ones.
  std::vector<attempt_view> earlier_attempts; ///< By item and attempt; those of a run's first 1,000.
};

/// A run as clients may see it.
struct run_view {
  run_record record; ///< Sealed fields empty.
  value parameters;
  std::string error;
  std::vector<task_view> tasks; ///< In plan order; only where one run was asked for.
};

struct start_request {
  pipeline_id pipeline;
  value parameters;                 ///< Null or an object.
  std::optional<definition> source; ///< A definition for this run alone.
  compile_options defaults;
  std::optional<pipeline_type> type; ///< A pipeline of another type is not there.
  trigger_kind trigger = trigger_kind::manual;
  std::string triggered_by;
  std::string traceparent;
  request_key once;
  std::optional<task_priority> priority; ///< None: the definition's.
  milliseconds wait{0}; ///< `Prefer: wait`: answer when the run ended or this time is up; 0 = when it is durable.
};

struct started_run {
  run_view run;          ///< With tasks only if it was waited for.
  bool ended = false;    ///< Waited for, and it ended in time.
  bool replayed = false; ///< The answer to an earlier request with the same `Idempotency-Key`.
};

struct pipeline_filter {
  std::optional<uuid> domain;
  std::string search; ///< Part of the name, case-insensitive; empty: all.
  std::optional<pipeline_type> type = {};
  std::optional<pipeline_standing> standing = {};
};

struct run_filter {
  std::optional<pipeline_id> pipeline; ///< None: all of the workspace.
  std::optional<run_status> status;
  std::optional<pipeline_type> type = {}; ///< Of `pipeline`: one of another type is not there.
  // By the time a run was asked for, which its id holds; a child run counts with the run that started it. Both ends belong
  // to the range.
  std::optional<timestamp> from = {};
  std::optional<timestamp> to = {};
};

/// Figures of the node for `/metrics`; read without waiting.
struct node_figures {
  bool ready = false;
  std::map<std::string, double> gauges; ///< Metric name (with closed labels in braces) -> value.
  std::map<std::string, double> counters;
  std::map<std::string, figure_histogram> histograms; ///< By bare names, which end in `_seconds`.
};

/// What can be done to Penstock: the one list shared by all surfaces and the command line. Every function returns at once
/// and calls its reply exactly once, from any thread, maybe before it returns. Writes are durable when they are answered.
/// Overload answers `errc::unavailable` or `errc::rate_limited` before anything was decided.
class operations : public schedule_operations,
                   public webhook_operations,
                   public access_operations,
                   public audit_operations {
public:
  ~operations() override = default;

  /// `errc::invalid_argument` with all problems of the definition.
  virtual void create_pipeline(const caller& who, pipeline_draft draft, request_key once,
                               reply<pipeline_view> done) = 0;
  virtual void update_pipeline(const caller& who, pipeline_id id, pipeline_patch patch, reply<pipeline_view> done) = 0;
  /// Cancels its active runs, hides it at once, and clears runs, logs and files in the background.
  /// @param if_state As of `pipeline_patch`.
  virtual void delete_pipeline(const caller& who, pipeline_id id, std::optional<pipeline_state> if_state,
                               reply<void> done) = 0;
  virtual void get_pipeline(const caller& who, pipeline_id id, reply<pipeline_view> done) = 0;
  /// Newest first.
  virtual void list_pipelines(const caller& who, pipeline_filter filter, page which,
                              reply<listing<pipeline_view>> done) = 0;

  virtual void start_run(const caller& who, start_request request, reply<started_run> done) = 0;
  virtual void get_run(const caller& who, run_id id, reply<run_view> done) = 0;
  /// Newest first.
  virtual void list_runs(const caller& who, run_filter filter, page which, reply<listing<run_view>> done) = 0;
  /// One point per interval of the range, oldest first, with zeros. At most `figure_points_max` may be asked for.
  virtual void count_runs(const caller& who, figure_query query, reply<std::vector<figure_point>> done) = 0;
  /// `errc::invalid_transition` for a run that has ended.
  virtual void cancel_run(const caller& who, run_id id, reply<run_view> done) = 0;
  /// Counts for whatever of the run waits: its place in its pipeline's queue, tasks without a priority of their own.
  /// `errc::invalid_transition` for a run that has ended.
  virtual void set_run_priority(const caller& who, run_id id, task_priority priority, reply<run_view> done) = 0;
  /// Lines of the run, oldest first, from line number `from` (0-based) on, at most `limit`, fewer if they are long. A line
  /// keeps its number.
  virtual void read_logs(const caller& who, run_id id, std::uint64_t from, std::uint32_t limit,
                         reply<std::vector<log_line>> done) = 0;
  /// Absolute path, name and size of the run's output file; `errc::not_found` if it has none.
  struct output_file {
    std::string path;
    artifact what;
  };
  virtual void get_output(const caller& who, run_id id, reply<output_file> done) = 0;

  /// Calls `changed` with the run now and after every durable change until it ended (last call: a terminal state)
  /// or the subscription is dropped. Changes may be merged. `errc::not_found` comes as the only call.
  [[nodiscard]] virtual std::shared_ptr<void> watch_run(const caller& who, run_id id, reply<run_view> changed) = 0;

  [[nodiscard]] virtual node_figures figures() const = 0;
  /// Why the node is not ready; nothing if it is. Costs next to nothing: whoever likes may ask.
  [[nodiscard]] virtual std::optional<std::string> not_ready() const = 0;
};

} // namespace penstock
