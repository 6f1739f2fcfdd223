#pragma once

#include "actors/operations.hpp"
#include "storage/run_keys.hpp"
#include "storage/store.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace penstock {

/// Part of a list of runs: one partition's, in one order of the index, newest first; and the counters that count it.
struct run_lane {
  std::string prefix; ///< Of index entries; behind it the turned ids.
  struct counted {
    std::string base;
    std::int64_t sign = 1;
  };
  std::vector<counted> counts; ///< How many entries there are is the sum of these.
};

/// Runs made in a range of time, out of several lanes, in one order: newest first. Whole units of time are counted by their
/// counters and passed over by them; entries are stepped through only around the borders of what was asked for. So the
/// cost follows the page and not the history. Reads the durable state, not in one instant: a list that changes meanwhile
/// is as of about now.
class run_lists {
public:
  /// @param from, to Both ends belong to the range; none: no limit.
  run_lists(const state_reader& state, std::vector<run_lane> lanes, std::span<const keys::time_level> levels,
            std::optional<timestamp> from, std::optional<timestamp> to);

  /// Many entries that were taken out lie between those that are there, so that these had better be found by counters.
  void expect_gaps() noexcept { gaps_ = true; }

  [[nodiscard]] std::uint64_t total() const;
  [[nodiscard]] std::vector<run_id> page_of(page which) const;

private:
  struct span_of_time {
    timestamp begin;
    timestamp end; ///< Excluded.
  };
  struct cursor {
    std::uint64_t skip = 0;
    std::uint64_t want = 0;
    std::vector<run_id> out;
    bool done = false;
  };

  /// How many runs each unit of a level has, newest first; units without any are left out.
  [[nodiscard]] std::vector<std::pair<timestamp, std::int64_t>> units(const keys::time_level& level,
                                                                      span_of_time range) const;
  [[nodiscard]] std::int64_t count(span_of_time range, std::size_t level) const;
  /// Of a part of one of the finest units.
  [[nodiscard]] std::int64_t count_part(span_of_time range) const;
  [[nodiscard]] std::int64_t count_entries(span_of_time range) const;
  void walk(span_of_time range, std::size_t level, cursor& at) const;
  /// Takes what is wanted from the entries themselves, newest first.
  void take(span_of_time range, cursor& at) const;
  void scan(const run_lane& lane, span_of_time range, const std::function<bool(std::string_view key)>& visit) const;

  const state_reader& state_;
  std::vector<run_lane> lanes_;
  std::span<const keys::time_level> levels_; ///< From coarse to fine.
  span_of_time range_;
  bool bounded_ = false;
  bool gaps_ = false;
};

/// The lanes of a workspace's runs in that status (none: in any), in all partitions.
[[nodiscard]] run_lists runs_of_workspace(const state_reader& state, partition_id partitions, workspace_id owner,
                                          const run_filter& filter);
/// The same of the filter's pipeline.
[[nodiscard]] run_lists runs_of_pipeline(const state_reader& state, partition_id p, const run_filter& filter);

/// How many runs there are in each status, whatever their workspace.
[[nodiscard]] std::map<run_status, std::uint64_t> count_by_status(const state_reader& state, partition_id partitions);

/// Adds what counters of a level hold for the units in [begin, end) to `into`, by the units' beginnings.
/// @param begin, end Whole units.
void add_units(const state_reader& state, const run_lane::counted& what, const keys::time_level& level, timestamp begin,
               timestamp end, std::map<timestamp, std::int64_t>& into);

} // namespace penstock
