#pragma once

#include "actors/core/pipeline_runs.hpp"
#include "runtime/calendar/schedule_rule.hpp"

#include <memory>
#include <set>
#include <unordered_map>

namespace penstock {

/// A schedule with what it means.
struct live_schedule {
  schedule_record record;
  std::shared_ptr<const holiday_calendar> holidays; ///< What `rule.holidays` points to.
  schedule_rule rule;
  bool last_run_is_new = false; ///< `last_run` was started since this was read: it may not be in the store yet.
  bool busy = false;            ///< Has its entry among those that `schedule_book::take_up` is for.
};

/// The id of the schedule that a pipeline's own `schedule` field makes: the same slot, and always the same.
[[nodiscard]] schedule_id own_schedule_id(pipeline_id pipeline) noexcept;
/// Whether a pipeline's own `schedule` field can be this.
[[nodiscard]] result<void> check_own_cron(const std::optional<std::string>& cron);

/// The schedules of one pipeline. A due time, what became of it, and the run it started are one commit; what is decided
/// is a matter of `decided_until` alone, so a timer that comes twice, or late, decides nothing twice.
class schedule_book {
public:
  schedule_book(const entity_surroundings& around, pipeline_runs& runs) : around_(around), runs_(runs) {}

  [[nodiscard]] result<schedule_view> create(schedule_created& command, timestamp now, proposal& out);
  [[nodiscard]] result<schedule_view> change(schedule_changed& command, timestamp now, proposal& out);
  [[nodiscard]] result<void> remove(const schedule_deleted& command, proposal& out);
  /// Takes schedules into memory.
  void expect(const expect_schedules& command);
  void fire(const keys::timer& due, timestamp now, proposal& out);
  /// A run of a schedule ended: the next due time that waits begins.
  void run_over(schedule_id id, run_id run, timestamp now, proposal& out);
  /// The same for a schedule whose runs may have ended unheard, or were not told to.
  void take_up(schedule_id id, timestamp now, proposal& out);
  /// The pipeline's own `schedule` field changed; it is in UTC. @param cron passed `check_own_cron`.
  void set_own(const std::optional<std::string>& cron, timestamp now, proposal& out);
  /// When that schedule is due next.
  [[nodiscard]] std::optional<timestamp> own_next_at();
  /// The pipeline takes scheduled starts again.
  void pipeline_enabled(timestamp now, proposal& out);
  /// It takes none until it is enabled again; due times pass undecided until then.
  void pipeline_disabled(proposal& out);
  /// Takes out at most `count_max` schedules. @returns how many there were.
  std::size_t clear(std::size_t count_max, proposal& out);

private:
  [[nodiscard]] live_schedule* find(schedule_id id);
  [[nodiscard]] live_schedule* take_in(schedule_record record);
  [[nodiscard]] result<live_schedule> open(schedule_record record) const;
  [[nodiscard]] result<live_schedule*> add(schedule_record record, timestamp now, proposal& out);
  void decide_due(live_schedule& s, timestamp now, proposal& out);
  void take_due(live_schedule& s, timestamp due, timestamp now, proposal& out);
  /// @returns whether it could.
  bool start(live_schedule& s, timestamp due, timestamp now, proposal& out);
  void queue(live_schedule& s, timestamp due) const;
  /// Starts the first due time that waits and can start, if no run is active. @returns whether there was one to try.
  bool start_queued(live_schedule& s, timestamp now, proposal& out);
  /// Cancels the active run. It is remembered until it has ended, as a crash may swallow the cancel.
  void make_room(live_schedule& s, proposal& out) const;
  void forget_yielded(live_schedule& s) const;
  [[nodiscard]] bool run_is_active(const live_schedule& s) const;
  void keep_holidays(live_schedule& s) const;
  void set_timer(live_schedule& s, std::optional<timestamp> at, proposal& out) const;
  void store(live_schedule& s, proposal& out) const;
  void store_indexes(const schedule_record& record, proposal& out) const;
  void erase(const live_schedule& s, proposal& out) const;
  [[nodiscard]] std::string busy_key(const schedule_record& record) const;
  [[nodiscard]] schedule_view view(const live_schedule& s) const;
  [[nodiscard]] std::vector<schedule_id> stored_ids(std::size_t count_max) const;
  /// Those in the store, and those that are not there yet.
  [[nodiscard]] std::set<schedule_id> ids() const;

  const entity_surroundings& around_;
  pipeline_runs& runs_;
  /// Those looked at since the pipeline was activated. An erased one stays as none, as the store may still show it.
  std::unordered_map<schedule_id, std::unique_ptr<live_schedule>> live_;
};

} // namespace penstock
