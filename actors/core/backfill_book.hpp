#pragma once

#include "actors/core/bounded_removal.hpp"
#include "actors/core/pipeline_runs.hpp"
#include "runtime/calendar/intervals.hpp"

#include <memory>
#include <unordered_map>

namespace penstock {

/// Intervals of one backfill that may have active runs at once.
inline constexpr std::uint32_t backfill_concurrency_max = 100;

/// The backfills of one pipeline. An interval's run, and that it has one, are one commit; so is a run's end being counted
/// and the start of the next.
class backfill_book {
public:
  backfill_book(const entity_surroundings& around, pipeline_runs& runs) : around_(around), runs_(runs) {}

  [[nodiscard]] result<backfill_view> create(backfill_created& command, timestamp now, proposal& out);
  [[nodiscard]] result<backfill_view> change(const backfill_changed& command, timestamp now, proposal& out);
  /// A run ended.
  void run_over(backfill_id id, run_id run, run_status status, timestamp now, proposal& out);
  /// Finds out which runs have ended unheard, and goes on. @returns false if no backfill of that id is known.
  bool take_up(backfill_id id, timestamp now, proposal& out);
  /// Takes out backfills as far as there is room. @returns whether any were left.
  bool clear(bounded_removal& room, proposal& out);

private:
  struct live_backfill {
    backfill_record record;
    std::optional<backfill_intervals> intervals;
    value parameters;
    std::vector<std::uint32_t> failed; ///< Numbers of the intervals whose last run did not succeed.
    std::vector<std::uint32_t> again;  ///< Those to be run once more, last one first.
    bool listed = false;               ///< These have no keys of their own yet.
  };
  [[nodiscard]] live_backfill* find(backfill_id id);
  void read_open_intervals(live_backfill& b) const;
  /// The number of the interval that is to be run next.
  [[nodiscard]] static std::optional<std::uint32_t> next(const live_backfill& b);
  /// That one has a run now.
  static void took_next(live_backfill& b, proposal& out);
  static void count(live_backfill& b, run_id run, run_status status, proposal& out);
  /// Starts runs up to the concurrency, and ends the backfill when nothing is left.
  void advance(live_backfill& b, timestamp now, proposal& out);
  [[nodiscard]] bool start(live_backfill& b, std::uint32_t number, timestamp now, proposal& out);
  void cancel(live_backfill& b, timestamp now, proposal& out);
  /// Forgets one that is to be told of nothing more.
  void rest_if_over(const live_backfill& b, proposal& out) const;
  void store(live_backfill& b, proposal& out) const;
  void store_indexes(const backfill_record& record, bool there, proposal& out) const;
  [[nodiscard]] std::string busy_key(const backfill_record& record) const;

  const entity_surroundings& around_;
  pipeline_runs& runs_;
  std::unordered_map<backfill_id, std::unique_ptr<live_backfill>> live_;
};

} // namespace penstock
