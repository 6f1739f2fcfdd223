#include "actors/core/run_figures.hpp"

#include "actors/core/run_lists.hpp"
#include "storage/run_keys.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace penstock {

namespace {

using std::chrono::days;
using std::chrono::hours;

struct span_of_time {
  timestamp begin;
  timestamp end; ///< Excluded.
};

static_assert(figures_end == keys::end_of_time);
timestamp held(timestamp t) { return std::clamp(t, figures_begin, figures_end); }

/// Counters whose sum is the figure.
std::vector<std::string> bases_of(partition_id p, workspace_id owner, run_figure what) {
  switch (what) {
    case run_figure::completed: return {keys::run_tally_of_workspace(p, owner, keys::run_tally::succeeded)};
    case run_figure::failed: return {keys::run_tally_of_workspace(p, owner, keys::run_tally::failed)};
    case run_figure::bytes: return {keys::run_tally_of_workspace(p, owner, keys::run_tally::bytes)};
    // Births are of runs that are there; those that went with their pipeline are counted beside them.
    case run_figure::started:
      return {keys::run_births_of_workspace(p, owner, keys::any_status),
              keys::run_tally_of_workspace(p, owner, keys::run_tally::cleared)};
  }
  return {};
}

/// Counts whole hours in [begin, end): by days inside, by hours at the borders.
void add_days_and_hours(const state_reader& state, const std::string& base, span_of_time range,
                        std::map<timestamp, std::int64_t>& into) {
  const timestamp first = std::chrono::ceil<days>(range.begin);
  const timestamp last = std::chrono::floor<days>(range.end);
  if (first >= last) return add_units(state, {base, 1}, keys::by_hour, range.begin, range.end, into);
  add_units(state, {base, 1}, keys::by_hour, range.begin, first, into);
  add_units(state, {base, 1}, keys::by_day, first, last, into);
  add_units(state, {base, 1}, keys::by_hour, last, range.end, into);
}

} // namespace

std::vector<figure_point> run_figures(const state_reader& state, partition_id partitions, workspace_id owner,
                                      const figure_query& query) {
  const span_of_time range{held(std::chrono::floor<hours>(query.from)),
                           held(std::chrono::floor<hours>(query.to) + hours{1})};
  std::map<timestamp, std::int64_t> units;
  for (partition_id p = 1; p <= partitions; ++p)
    for (const auto& base : bases_of(p, owner, query.what)) {
      if (query.interval == figure_interval::hour)
        add_units(state, {base, 1}, keys::by_hour, range.begin, range.end, units);
      else add_days_and_hours(state, base, range, units);
    }

  const auto first = interval_begin(query.interval, query.from);
  std::vector<figure_point> out(point_count(query));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i].at = first + static_cast<std::int64_t>(i) * length_of(query.interval);
  for (const auto& [at, count] : units)
    out[static_cast<std::size_t>((at - first) / length_of(query.interval))].count += count;
  return out;
}

} // namespace penstock
