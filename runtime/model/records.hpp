#pragma once

#include "runtime/model/ids.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Where a run stands. Stored: a number once given is never reused.
enum class run_status : std::uint8_t { pending = 1, running = 2, succeeded = 3, failed = 4, cancelled = 5 };
[[nodiscard]] std::string_view to_text(run_status s) noexcept;
[[nodiscard]] constexpr bool is_terminal(run_status s) noexcept { return s >= run_status::succeeded; }

/// Where a task, or an item of a `for_each` task, stands. Stored.
enum class task_status : std::uint8_t {
  pending = 1, ///< Waits for the tasks it needs, or for its turn.
  running = 2, ///< Offered to a worker.
  waiting = 3, ///< Waits for a timer (sleep, next attempt) or for a child run.
  succeeded = 4,
  failed = 5,
  cancelled = 6,
  skipped = 7, ///< Its `when` was false, or a task it needs was skipped.
  blocked = 8, ///< A task it needs did not succeed, so it never ran. Not stored: follows from the others.
};
[[nodiscard]] std::string_view to_text(task_status s) noexcept;
[[nodiscard]] constexpr bool is_terminal(task_status s) noexcept { return s >= task_status::succeeded; }

/// What started a run. Stored.
enum class trigger_kind : std::uint8_t {
  manual = 1,
  schedule = 2,
  backfill = 3,
  dependency = 4,
  webhook = 5,
  parent = 6,
  api = 7
};
[[nodiscard]] std::string_view to_text(trigger_kind t) noexcept;

/// A file that an attempt made: its table (Parquet) or a sink's file.
struct artifact {
  std::string name;   ///< What it is called for people, e.g. `output.parquet`.
  std::string path;   ///< Relative to the data directory, `/` between parts.
  std::string format; ///< `parquet`, `csv`, `jsonl`, `json`.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string hash; ///< BLAKE2b-256 of the bytes, hex.

  friend bool operator==(const artifact&, const artifact&) = default;
  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "name", s.name);
    v(2, "path", s.path);
    v(3, "format", s.format);
    v(4, "rows", s.rows);
    v(5, "bytes", s.bytes);
    v(6, "hash", s.hash);
  }
};

/// What a pipeline is for, as clients sort them. Stored.
enum class pipeline_type : std::uint8_t { etl = 1, automation = 2, saas = 3 };
[[nodiscard]] std::string_view to_text(pipeline_type t) noexcept;
[[nodiscard]] std::optional<pipeline_type> parse_pipeline_type(std::string_view text) noexcept;

/// How a pipeline stands, as lists sort them. Stored.
enum class pipeline_standing : std::uint8_t {
  active = 1,
  paused = 2, ///< Not enabled, however its runs ended.
  error = 3,  ///< Enabled, and the last of its runs to end failed; cancelled ones do not count.
};
[[nodiscard]] std::string_view to_text(pipeline_standing s) noexcept;
[[nodiscard]] std::optional<pipeline_standing> parse_pipeline_standing(std::string_view text) noexcept;

/// A pipeline's header; what its tasks are is in its revisions.
struct pipeline_record {
  pipeline_id id;
  workspace_id workspace;
  std::string name;
  std::string description;
  std::uint32_t revision = 1;          ///< The newest; revisions count from 1 without gaps.
  bool enabled = true;                 ///< False: schedules do not start it; a start by hand still does.
  std::optional<std::string> schedule; ///< Five-field cron.
  std::optional<uuid> domain;
  std::vector<std::string> tags;
  timestamp created_at;
  std::optional<timestamp> updated_at;
  std::string created_by; ///< Subject of the credentials.
  value attributes;       ///< Fields of a surface kept for its clients, an object by their names.
  bool deleted = false;   ///< A tombstone: being cleared, fences late results, invisible to clients.
  pipeline_type type = pipeline_type::etl;
  std::string source_type; ///< Connector of the newest revision's first source; empty: it has none.
  std::string sink_type;   ///< Connector of its last sink; empty: it has none.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "workspace", s.workspace);
    v(3, "name", s.name);
    v(4, "description", s.description);
    v(5, "revision", s.revision);
    v(6, "enabled", s.enabled);
    v(7, "schedule", s.schedule);
    v(8, "domain", s.domain);
    v(9, "tags", s.tags);
    v(10, "created_at", s.created_at);
    v(11, "updated_at", s.updated_at);
    v(12, "created_by", s.created_by);
    v(13, "attributes", s.attributes);
    v(14, "deleted", s.deleted);
    v(15, "type", s.type);
    v(16, "source_type", s.source_type);
    v(17, "sink_type", s.sink_type);
  }
};

/// One immutable revision of a pipeline's definition.
struct revision_record {
  std::uint32_t revision = 1;
  timestamp created_at;
  std::string created_by;
  std::string sealed_definition; ///< `definition`, sealed.
  std::string sealed_plan;       ///< `plan`, sealed.
  std::vector<std::string> warnings;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "revision", s.revision);
    v(2, "created_at", s.created_at);
    v(3, "created_by", s.created_by);
    v(4, "sealed_definition", s.sealed_definition);
    v(5, "sealed_plan", s.sealed_plan);
    v(6, "warnings", s.warnings);
  }
};

/// The task of another run that started this one and waits for its end.
struct parent_ref {
  run_id run;
  std::uint32_t task = 0;
  std::uint32_t item = 0;
  std::uint32_t depth = 1; ///< How many runs the child stands below the one that no run started.

  friend bool operator==(const parent_ref&, const parent_ref&) = default;
  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "run", s.run);
    v(2, "task", s.task);
    v(3, "item", s.item);
    v(4, "depth", s.depth);
  }
};

/// What a name of a pipeline meant when a run first asked for it.
struct callee {
  std::string name;
  pipeline_id pipeline;

  friend bool operator==(const callee&, const callee&) = default;
  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "name", s.name);
    v(2, "pipeline", s.pipeline);
  }
};

/// A run's header. Its tasks are records of their own, so a task's end never rewrites the others.
struct run_record {
  run_id id;
  pipeline_id pipeline;
  workspace_id workspace;
  std::uint32_t revision = 1;
  run_status status = run_status::pending;
  trigger_kind trigger = trigger_kind::manual;
  std::string triggered_by; ///< Who or what, in words of the surface (subject, webhook, …).
  timestamp created_at;
  std::optional<timestamp> started_at;
  std::optional<timestamp> ended_at;
  std::uint32_t tasks_total = 0;
  std::string sealed_parameters; ///< `value` object, sealed; empty: none.
  std::string sealed_error;      ///< Why it failed, sealed; empty: it did not.
  std::string sealed_plan;       ///< Only of a run with a definition of its own; else its revision's plan.
  std::optional<parent_ref> parent;
  std::string traceparent; ///< W3C trace context of the request that started it.
  bool cancel_requested = false;
  std::optional<artifact> output;      ///< The file offered for download: of the last sink, else of the last table.
  std::uint64_t rows = 0;              ///< Of all task outputs.
  std::uint64_t bytes = 0;             ///< Of all task outputs.
  std::optional<timestamp> logical_at; ///< The time it is about: its schedule's due time, its interval's start.
  std::optional<uuid> launcher;        ///< The schedule or backfill that started it and is told of its end.
  std::uint8_t priority = 2;   ///< As `task_priority`: its place among runs that wait for their pipeline's limit.
  bool holds_lease = false;    ///< Counts against its pipeline's `concurrency`, once it has begun.
  bool reports_end = false;    ///< Its launcher waits for its end.
  std::optional<uuid> webhook; ///< The registered sender (`trigger_id`) whose request started it.
  std::string external_job_id; ///< What that sender calls it.
  std::vector<callee> callees; ///< Pipelines that its `run_pipeline` tasks name, for retries and restarts alike.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "pipeline", s.pipeline);
    v(3, "workspace", s.workspace);
    v(4, "revision", s.revision);
    v(5, "status", s.status);
    v(6, "trigger", s.trigger);
    v(7, "triggered_by", s.triggered_by);
    v(8, "created_at", s.created_at);
    v(9, "started_at", s.started_at);
    v(10, "ended_at", s.ended_at);
    v(11, "tasks_total", s.tasks_total);
    v(12, "sealed_parameters", s.sealed_parameters);
    v(13, "sealed_error", s.sealed_error);
    v(14, "sealed_plan", s.sealed_plan);
    v(15, "parent", s.parent);
    v(16, "traceparent", s.traceparent);
    v(17, "cancel_requested", s.cancel_requested);
    v(18, "output", s.output);
    v(19, "rows", s.rows);
    v(20, "bytes", s.bytes);
    v(21, "logical_at", s.logical_at);
    v(22, "launcher", s.launcher);
    v(23, "priority", s.priority);
    v(24, "holds_lease", s.holds_lease);
    v(25, "reports_end", s.reports_end);
    v(26, "webhook", s.webhook);
    v(27, "external_job_id", s.external_job_id);
    v(28, "callees", s.callees);
  }
};

/// What is known of a task, or of one item of a `for_each` task. There is none before its first change.
struct task_record {
  task_status status = task_status::pending;
  std::uint32_t attempt = 1; ///< Of the current or last attempt, from 1.
  std::optional<timestamp> started_at;
  std::optional<timestamp> ended_at;
  std::optional<timestamp> due_at;          ///< `waiting`: when its timer fires.
  std::optional<std::uint32_t> items_total; ///< `for_each`: how many items, once known.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string sealed_error;
  std::string sealed_items; ///< `for_each` over a table: the rows as a list of objects, sealed.
  std::vector<artifact> artifacts;
  std::optional<run_id> child; ///< `run_pipeline`: the run it started.
  std::uint64_t lease = 0;     ///< Number of the lease of its pool that it holds; 0: none.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "status", s.status);
    v(2, "attempt", s.attempt);
    v(3, "started_at", s.started_at);
    v(4, "ended_at", s.ended_at);
    v(5, "due_at", s.due_at);
    v(6, "items_total", s.items_total);
    v(7, "rows", s.rows);
    v(8, "bytes", s.bytes);
    v(9, "sealed_error", s.sealed_error);
    v(10, "sealed_items", s.sealed_items);
    v(11, "artifacts", s.artifacts);
    v(12, "child", s.child);
    v(13, "lease", s.lease);
  }
};

/// A key to the API. The key itself is never stored.
struct api_key_record {
  api_key_id id;
  workspace_id workspace;
  std::string name;
  std::string prefix;   ///< What may be shown: `gcs_live_sk_` or `gcs_test_sk_` and four characters.
  std::string key_hash; ///< Keyed BLAKE2b-256 of the whole key, raw bytes.
  std::vector<std::string> scopes;
  timestamp created_at;
  std::optional<timestamp> expires_at;
  std::optional<timestamp> last_used;
  std::optional<timestamp> revoked_at;
  std::optional<std::uint32_t> rate_limit; ///< Requests per second; none: the server's setting.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "workspace", s.workspace);
    v(3, "name", s.name);
    v(4, "prefix", s.prefix);
    v(5, "key_hash", s.key_hash);
    v(6, "scopes", s.scopes);
    v(7, "created_at", s.created_at);
    v(8, "expires_at", s.expires_at);
    v(9, "last_used", s.last_used);
    v(10, "revoked_at", s.revoked_at);
    v(11, "rate_limit", s.rate_limit);
  }
};

/// A tenant: made when the first token that names it is seen. Workspace `default` is there from the start and has none.
struct workspace_record {
  workspace_id id;
  timestamp created_at;
  std::string created_by; ///< `sub` of that token.
  std::string name;       ///< Empty: not named.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "created_at", s.created_at);
    v(3, "created_by", s.created_by);
    v(4, "name", s.name);
  }
};

} // namespace penstock
