#pragma once

#include "runtime/model/ids.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

using schedule_id = typed_id<struct schedule_tag>;
using backfill_id = typed_id<struct backfill_tag>;
using dependency_id = typed_id<struct dependency_tag>;

/// What a firing does while a run of the same schedule is active. Stored.
enum class overlap_strategy : std::uint8_t {
  skip = 1,           ///< Nothing: the firing is counted as skipped.
  queue = 2,          ///< Waits until that run has ended.
  cancel_running = 3, ///< Cancels it and starts.
};
/// `SKIP`, `QUEUE`, `CANCEL_RUNNING`.
[[nodiscard]] std::string_view to_text(overlap_strategy s) noexcept;
[[nodiscard]] std::optional<overlap_strategy> parse_overlap_strategy(std::string_view text) noexcept;

/// What becomes of firings that were missed while no server ran, or while the schedule was paused. Stored.
enum class catchup_strategy : std::uint8_t {
  skip_to_current = 1, ///< They are dropped.
  run_all = 2,         ///< Each runs, oldest first.
  run_latest = 3,      ///< The newest N run.
};
/// `SKIP_TO_CURRENT`, `RUN_ALL`, `RUN_LATEST_N`.
[[nodiscard]] std::string_view to_text(catchup_strategy s) noexcept;
[[nodiscard]] std::optional<catchup_strategy> parse_catchup_strategy(std::string_view text) noexcept;

/// What starts runs of a pipeline at certain times. Lives in its pipeline's slot and is decided on by its pipeline.
struct schedule_record {
  schedule_id id;
  pipeline_id pipeline;
  workspace_id workspace;
  std::string name;
  std::string cron; ///< Five fields.
  std::string timezone = "UTC";
  bool business_days_only = false;
  bool skip_holidays = false; ///< Those of the workspace's calendar `holidays`, or of `calendar`.
  std::string calendar;       ///< Empty: `holidays`.
  value maintenance_windows;  ///< A list as the client gave it, checked.
  overlap_strategy overlap = overlap_strategy::skip;
  catchup_strategy catchup = catchup_strategy::skip_to_current;
  std::uint32_t catchup_runs = 1; ///< `run_latest`: how many.
  std::string sealed_parameters;  ///< `value` object, sealed; empty: none.
  std::uint8_t priority = 2;      ///< As `task_priority`.
  bool paused = false;
  bool own = false; ///< It is the pipeline's own `schedule` field.
  timestamp created_at;
  std::optional<timestamp> updated_at;
  std::string created_by;
  timestamp decided_until;                ///< Every due time up to here was decided on.
  std::optional<timestamp> next_at;       ///< Of the timer that is set.
  std::optional<timestamp> last_fired_at; ///< Due time of the last firing that started a run.
  std::optional<run_id> last_run;
  std::uint64_t fired = 0;
  std::uint64_t skipped = 0;
  std::vector<timestamp> queued; ///< Due times that wait for the active run to end (`queue`), oldest first.
  std::string sealed_error;      ///< Why the last due time could not start its run; empty: it could.
  std::vector<run_id> yielding;  ///< Runs that were told to make room (`cancel_running`) and have not ended.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "pipeline", s.pipeline);
    v(3, "workspace", s.workspace);
    v(4, "name", s.name);
    v(5, "cron", s.cron);
    v(6, "timezone", s.timezone);
    v(7, "business_days_only", s.business_days_only);
    v(8, "skip_holidays", s.skip_holidays);
    v(9, "calendar", s.calendar);
    v(10, "maintenance_windows", s.maintenance_windows);
    v(11, "overlap", s.overlap);
    v(12, "catchup", s.catchup);
    v(13, "catchup_runs", s.catchup_runs);
    v(14, "sealed_parameters", s.sealed_parameters);
    v(15, "priority", s.priority);
    v(16, "paused", s.paused);
    v(17, "own", s.own);
    v(18, "created_at", s.created_at);
    v(19, "updated_at", s.updated_at);
    v(20, "created_by", s.created_by);
    v(21, "decided_until", s.decided_until);
    v(22, "next_at", s.next_at);
    v(23, "last_fired_at", s.last_fired_at);
    v(24, "last_run", s.last_run);
    v(25, "fired", s.fired);
    v(26, "skipped", s.skipped);
    v(27, "queued", s.queued);
    v(28, "sealed_error", s.sealed_error);
    v(29, "yielding", s.yielding);
  }
};

/// Where a backfill stands. Stored.
enum class backfill_status : std::uint8_t {
  pending = 1,
  running = 2,
  paused = 3,
  completed = 4, ///< Every interval ended well.
  failed = 5,    ///< Every interval ended, some badly.
  cancelled = 6
};
/// `PENDING`, `RUNNING`, `PAUSED`, `COMPLETED`, `FAILED`, `CANCELLED`.
[[nodiscard]] std::string_view to_text(backfill_status s) noexcept;
[[nodiscard]] constexpr bool is_terminal(backfill_status s) noexcept { return s >= backfill_status::completed; }

/// Length of a backfill's intervals. Stored.
enum class granularity : std::uint8_t { hourly = 1, daily = 2, weekly = 3, monthly = 4 };
/// `HOURLY`, `DAILY`, `WEEKLY`, `MONTHLY`.
[[nodiscard]] std::string_view to_text(granularity g) noexcept;
[[nodiscard]] std::optional<granularity> parse_granularity(std::string_view text) noexcept;

/// Runs of a pipeline for each interval of a range of time, some at a time. Lives in its pipeline's slot.
struct backfill_record {
  backfill_id id;
  pipeline_id pipeline;
  workspace_id workspace;
  std::string from; ///< As the client gave it: a date, or RFC 3339.
  std::string to;   ///< Inclusive.
  penstock::granularity granularity = penstock::granularity::daily;
  std::string timezone = "UTC";
  std::uint32_t concurrency = 1;
  std::uint8_t priority = 2; ///< As `task_priority`.
  std::string sealed_parameters;
  bool dry_run = false;
  backfill_status status = backfill_status::running;
  std::uint32_t intervals_total = 0;
  std::uint32_t intervals_begun = 0; ///< Intervals below this number had a run.
  std::uint32_t intervals_completed = 0;
  std::uint32_t intervals_failed = 0;
  std::vector<std::uint32_t> active; ///< Numbers of the intervals with an active run.
  std::vector<run_id> active_runs;   ///< Theirs, in the same order.
  std::vector<std::uint32_t> failed; ///< As `open_interval_record` keeps them; in records older than that.
  std::vector<std::uint32_t> again;  ///< Likewise those to be run once more, last one first.
  timestamp created_at;
  std::optional<timestamp> ended_at;
  std::string created_by;
  std::string sealed_error; ///< Why a run could not be started; empty: all could.
  std::uint32_t round = 0;  ///< How often failed intervals were to be run again.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "pipeline", s.pipeline);
    v(3, "workspace", s.workspace);
    v(4, "from", s.from);
    v(5, "to", s.to);
    v(6, "granularity", s.granularity);
    v(7, "timezone", s.timezone);
    v(8, "concurrency", s.concurrency);
    v(9, "priority", s.priority);
    v(10, "sealed_parameters", s.sealed_parameters);
    v(11, "dry_run", s.dry_run);
    v(12, "status", s.status);
    v(13, "intervals_total", s.intervals_total);
    v(14, "intervals_begun", s.intervals_begun);
    v(15, "intervals_completed", s.intervals_completed);
    v(16, "intervals_failed", s.intervals_failed);
    v(17, "active", s.active);
    v(18, "active_runs", s.active_runs);
    v(19, "failed", s.failed);
    v(20, "again", s.again);
    v(21, "created_at", s.created_at);
    v(22, "ended_at", s.ended_at);
    v(23, "created_by", s.created_by);
    v(24, "sealed_error", s.sealed_error);
    v(25, "round", s.round);
  }
};

/// An interval of a backfill whose last run did not succeed, as it lies in the store: a key each, so that an end costs the
/// same however many failed before.
struct open_interval_record {
  std::uint32_t round =
    0; ///< Of the backfill when it failed: if that is in a later one, the interval is to be run again.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "round", s.round);
  }
};

/// How one pipeline depends on another. Stored.
enum class dependency_type : std::uint8_t {
  strong = 1, ///< Waits for a success.
  weak = 2,   ///< Waits for any end.
};
/// `STRONG`, `WEAK`.
[[nodiscard]] std::string_view to_text(dependency_type t) noexcept;
[[nodiscard]] std::optional<dependency_type> parse_dependency_type(std::string_view text) noexcept;

/// `downstream` is started once each pipeline it depends on has ended since its last start. In the system partition.
struct dependency_record {
  dependency_id id;
  workspace_id workspace;
  pipeline_id upstream;
  pipeline_id downstream;
  dependency_type type = dependency_type::strong;
  timestamp created_at;
  std::string created_by;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "workspace", s.workspace);
    v(3, "upstream", s.upstream);
    v(4, "downstream", s.downstream);
    v(5, "type", s.type);
    v(6, "created_at", s.created_at);
    v(7, "created_by", s.created_by);
  }
};

/// Days on which schedules may rest. In the system partition.
struct calendar_record {
  workspace_id workspace;
  std::string name;
  std::vector<std::string> days;  ///< `YYYY-MM-DD`, ascending.
  std::vector<std::string> names; ///< Of the days, in the same order; may be empty texts.
  timestamp updated_at;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "workspace", s.workspace);
    v(2, "name", s.name);
    v(3, "days", s.days);
    v(4, "names", s.names);
    v(5, "updated_at", s.updated_at);
  }
};

/// How many tasks that name this pool may run at once in a workspace. In the system partition.
struct pool_record {
  workspace_id workspace;
  std::string name;
  std::uint32_t limit = 0; ///< 0: none may start.
  timestamp updated_at;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "workspace", s.workspace);
    v(2, "name", s.name);
    v(3, "limit", s.limit);
    v(4, "updated_at", s.updated_at);
  }
};

} // namespace penstock
