#include "actors/core/run_history.hpp"

#include "storage/run_keys.hpp"

#include <tuple>

namespace penstock::run_history {

namespace {

constexpr std::uint8_t bit(keys::time_level level) { return static_cast<std::uint8_t>(1u << level.bytes); }
constexpr std::uint8_t all_time = 1;
constexpr std::uint8_t levels_of_workspace =
  all_time | bit(keys::by_day) | bit(keys::by_hour) | bit(keys::by_minute) | bit(keys::by_second);
// Fewer: each is one more addition for every start and every end.
constexpr std::uint8_t levels_of_pipeline = all_time | bit(keys::by_hour) | bit(keys::by_second);
constexpr std::uint8_t levels_of_tallies = bit(keys::by_day) | bit(keys::by_hour);

/// A pipeline's entry of a run in that status, where its other indexes do not have one.
void index_of_pipeline(mutation_batch& out, partition_id p, const run_record& run, run_status status, bool present) {
  if (status == run_status::running) return;
  const auto key = keys::ended_run(p, run.pipeline, status, run.id);
  if (present) out.put(family::index, key, {});
  else out.remove(family::index, key);
}

/// How many of them there are in `status`, or at all.
void count_births(mutation_batch& out, partition_id p, const births& what, std::uint8_t status) {
  const auto detail = keys::time_detail(what.at);
  out.add_levels(family::counters, keys::run_births_of_pipeline(p, what.pipeline, status), detail, levels_of_pipeline,
                 what.count);
  out.add_levels(family::counters, keys::run_births_of_workspace(p, what.workspace, status), detail,
                 levels_of_workspace, what.count);
  out.add_levels(family::counters, keys::runs_of_partition(p, status), {}, all_time, what.count);
}

/// Running is what is left of all runs, so that a run that is born running and ends costs two counts and not four.
void count_status(mutation_batch& out, partition_id p, const births& what) {
  if (what.status != run_status::running) count_births(out, p, what, static_cast<std::uint8_t>(what.status));
}

births birth_of(const run_record& run, run_status status, std::int64_t count) {
  return {run.pipeline, run.workspace, status, keys::time_of(run.id.raw), count};
}

bool are_alike(const births& a, const births& b) {
  return std::tie(a.pipeline, a.workspace, a.status, a.at) == std::tie(b.pipeline, b.workspace, b.status, b.at);
}

void tally(mutation_batch& out, partition_id p, const run_record& run, keys::run_tally what, timestamp at,
           std::int64_t delta) {
  const auto detail = keys::time_detail(at);
  out.add_levels(family::counters, keys::run_tally_of_workspace(p, run.workspace, what),
                 std::string_view{detail}.substr(0, keys::by_hour.bytes), levels_of_tallies, delta);
}

void tally_end(mutation_batch& out, partition_id p, const run_record& run) {
  const auto at = run.ended_at.value_or(run.created_at);
  if (run.status == run_status::succeeded) tally(out, p, run, keys::run_tally::succeeded, at, 1);
  if (run.status == run_status::failed) tally(out, p, run, keys::run_tally::failed, at, 1);
  if (run.bytes > 0) tally(out, p, run, keys::run_tally::bytes, at, static_cast<std::int64_t>(run.bytes));
}

} // namespace

void born(mutation_batch& out, std::vector<births>& to_count, partition_id p, const run_record& run) {
  out.put(family::index, keys::index_entry(p, keys::index_kind::runs_of_pipeline, run.pipeline.raw, run.id.raw), {});
  out.put(family::index, keys::index_entry(p, keys::index_kind::runs_of_workspace, run.workspace.raw, run.id.raw), {});
  out.put(family::index, keys::run_by_status(p, run.workspace, run.status, run.id), {});
  index_of_pipeline(out, p, run, run.status, true);
  const auto birth = birth_of(run, run.status, 1);
  if (!to_count.empty() && are_alike(to_count.back(), birth)) ++to_count.back().count;
  else to_count.push_back(birth);
}

void count(mutation_batch& out, partition_id p, const births& what) {
  count_births(out, p, what, keys::any_status);
  count_status(out, p, what);
}

void moved(mutation_batch& out, partition_id p, const run_record& run, run_status from) {
  out.remove(family::index, keys::run_by_status(p, run.workspace, from, run.id));
  out.put(family::index, keys::run_by_status(p, run.workspace, run.status, run.id), {});
  index_of_pipeline(out, p, run, from, false);
  index_of_pipeline(out, p, run, run.status, true);
  count_status(out, p, birth_of(run, from, -1));
  count_status(out, p, birth_of(run, run.status, 1));
  if (is_terminal(run.status)) tally_end(out, p, run);
}

void cleared(mutation_batch& out, partition_id p, const run_record& run) {
  out.remove(family::index, keys::index_entry(p, keys::index_kind::runs_of_pipeline, run.pipeline.raw, run.id.raw));
  out.remove(family::index, keys::index_entry(p, keys::index_kind::runs_of_workspace, run.workspace.raw, run.id.raw));
  out.remove(family::index, keys::run_by_status(p, run.workspace, run.status, run.id));
  index_of_pipeline(out, p, run, run.status, false);
  count(out, p, birth_of(run, run.status, -1));
  tally(out, p, run, keys::run_tally::cleared, keys::time_of(run.id.raw), 1);
}

} // namespace penstock::run_history
