#pragma once

#include "actors/caller.hpp"
#include "runtime/model/schedule.hpp"
#include "runtime/model/value.hpp"
#include "runtime/plan/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// What makes a schedule; on an update, absent members stay as they are.
struct schedule_draft {
  std::optional<std::string> name;
  std::optional<std::string> cron;
  std::optional<std::string> timezone;
  std::optional<bool> business_days_only;
  std::optional<bool> skip_holidays;
  std::optional<std::string> calendar;
  std::optional<value> maintenance_windows; ///< A list.
  std::optional<overlap_strategy> overlap;
  std::optional<catchup_strategy> catchup;
  std::optional<std::uint32_t> catchup_runs;
  std::optional<value> parameters; ///< An object.
  std::optional<task_priority> priority;
};

struct schedule_view {
  schedule_record record; ///< Sealed fields empty.
  value parameters;
  std::string error; ///< Why its last due time started nothing; empty: it did, or was skipped by rule.
};

struct schedule_filter {
  std::optional<pipeline_id> pipeline;
};

/// What previews firings without storing anything.
struct preview_request {
  std::optional<schedule_id> schedule; ///< Else of the draft.
  schedule_draft draft;
  std::optional<timestamp> from; ///< Excluded; none: now.
  std::uint32_t limit = 20;
};

struct backfill_draft {
  pipeline_id pipeline;
  std::string from;
  std::string to; ///< Inclusive.
  penstock::granularity granularity = penstock::granularity::daily;
  std::string timezone = "UTC";
  std::uint32_t concurrency = 1;
  task_priority priority = task_priority::normal;
  bool dry_run = false;
  value parameters; ///< Null or an object: set beside `interval_start` and `interval_end`.
};

struct backfill_view {
  struct interval {
    timestamp begin;
    timestamp end; ///< Excluded.
  };
  backfill_record record; ///< Sealed fields empty.
  value parameters;
  std::string error; ///< Why a run could not be started; empty: all could.
  std::optional<interval> first;
  std::optional<interval> last;
  /// The first hundred intervals whose last run did not succeed; none: they were not looked for.
  std::optional<std::vector<interval>> failed;
};

enum class backfill_action : std::uint8_t { pause, resume, cancel, retry_failed };

struct dependency_draft {
  pipeline_id upstream;
  pipeline_id downstream;
  dependency_type type = dependency_type::strong;
};

/// The dependencies that end at a pipeline, and those that begin there.
struct dependency_graph {
  struct upstream_dependency {
    dependency_record record;
    bool satisfied = false; ///< It ended as wanted since the pipeline's last start.
  };
  std::vector<upstream_dependency> upstream;
  std::vector<dependency_record> downstream;
  std::string error; ///< Why the pipeline could not be started when all was satisfied; empty: nothing was wrong.
};

struct pool_view {
  pool_record record;
  std::uint64_t held = 0; ///< Tasks and items that hold a lease now.
};

/// What starts runs besides a person. As `operations`: every function calls its reply exactly once, from any thread.
class schedule_operations {
public:
  virtual ~schedule_operations() = default;

  /// `errc::invalid_argument` with a problem for each wrong member; also for a rule that never comes due.
  virtual void create_schedule(const caller& who, pipeline_id pipeline, schedule_draft draft, request_key once,
                               reply<schedule_view> done) = 0;
  virtual void update_schedule(const caller& who, schedule_id id, schedule_draft changes,
                               reply<schedule_view> done) = 0;
  virtual void pause_schedule(const caller& who, schedule_id id, bool paused, reply<schedule_view> done) = 0;
  virtual void delete_schedule(const caller& who, schedule_id id, reply<void> done) = 0;
  virtual void get_schedule(const caller& who, schedule_id id, reply<schedule_view> done) = 0;
  /// Newest first.
  virtual void list_schedules(const caller& who, schedule_filter filter, page which,
                              reply<listing<schedule_view>> done) = 0;
  /// Due times, ascending, UTC; at most `limit`.
  virtual void preview_schedule(const caller& who, preview_request request, reply<std::vector<timestamp>> done) = 0;

  virtual void create_backfill(const caller& who, backfill_draft draft, request_key once,
                               reply<backfill_view> done) = 0;
  virtual void get_backfill(const caller& who, backfill_id id, reply<backfill_view> done) = 0;
  /// Newest first; of one pipeline, or of the workspace.
  virtual void list_backfills(const caller& who, std::optional<pipeline_id> pipeline, page which,
                              reply<listing<backfill_view>> done) = 0;
  /// `errc::invalid_transition` where its status does not take the action.
  virtual void change_backfill(const caller& who, backfill_id id, backfill_action action,
                               reply<backfill_view> done) = 0;

  /// `errc::invalid_argument` for a cycle, which it names; `errc::forbidden` for a pipeline of another workspace.
  virtual void add_dependency(const caller& who, dependency_draft draft, request_key once,
                              reply<dependency_record> done) = 0;
  virtual void remove_dependency(const caller& who, dependency_id id, reply<void> done) = 0;
  virtual void dependencies_of(const caller& who, pipeline_id id, reply<dependency_graph> done) = 0;

  /// Replaces the calendar's days. Days are checked: `YYYY-MM-DD`.
  virtual void put_calendar(const caller& who, calendar_record calendar, reply<calendar_record> done) = 0;
  virtual void delete_calendar(const caller& who, std::string name, reply<void> done) = 0;
  virtual void list_calendars(const caller& who, reply<std::vector<calendar_record>> done) = 0;

  /// A pool without a record has no limit.
  virtual void put_pool(const caller& who, pool_record pool, reply<pool_view> done) = 0;
  virtual void delete_pool(const caller& who, std::string name, reply<void> done) = 0;
  /// By name.
  virtual void list_pools(const caller& who, reply<std::vector<pool_view>> done) = 0;
};

} // namespace penstock
