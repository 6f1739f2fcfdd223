#include "tests/simulation/count_check.hpp"

#include "actors/core/run_figures.hpp"
#include "runtime/model/codec.hpp"
#include "storage/counter_cache.hpp"
#include "storage/run_keys.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace penstock::simulation {

namespace {

using counts = std::map<std::string, std::int64_t>;

void add(counts& into, const std::string& base, timestamp at, std::initializer_list<std::uint8_t> levels,
         std::int64_t delta) {
  for (const auto bytes : levels) into[level_key(base, keys::time_detail(at), bytes)] += delta;
}

/// What stays counted of a run, whatever becomes of it.
void add_end(counts& into, const run_record& run, partition_id partitions) {
  if (!run.ended_at) return;
  const auto p = partition_of(run.id.slot(), partitions);
  const auto tally = [&](keys::run_tally what, std::uint64_t delta) {
    add(into, keys::run_tally_of_workspace(p, run.workspace, what), *run.ended_at, {2, 3},
        static_cast<std::int64_t>(delta));
  };
  if (run.status == run_status::succeeded) tally(keys::run_tally::succeeded, 1);
  if (run.status == run_status::failed) tally(keys::run_tally::failed, 1);
  if (run.bytes > 0) tally(keys::run_tally::bytes, run.bytes);
}

counts expected(const std::vector<run_record>& runs, const std::vector<run_record>& gone, partition_id partitions) {
  counts out;
  for (const auto& run : runs) {
    const auto p = partition_of(run.id.slot(), partitions);
    const auto born = keys::time_of(run.id.raw);
    std::set<std::uint8_t> counted{keys::any_status};
    if (run.status != run_status::running) counted.insert(static_cast<std::uint8_t>(run.status));
    for (const auto status : counted) {
      add(out, keys::run_births_of_pipeline(p, run.pipeline, status), born, {0, 3, 5}, 1);
      add(out, keys::run_births_of_workspace(p, run.workspace, status), born, {0, 2, 3, 4, 5}, 1);
      add(out, keys::runs_of_partition(p, status), born, {0}, 1);
    }
    add_end(out, run, partitions);
  }
  for (const auto& run : gone) {
    add(out,
        keys::run_tally_of_workspace(partition_of(run.id.slot(), partitions), run.workspace, keys::run_tally::cleared),
        keys::time_of(run.id.raw), {2, 3}, 1);
    add_end(out, run, partitions);
  }
  return out;
}

/// All counters of runs that are not zero.
counts stored(const state_reader& state) {
  counts out;
  const std::string end(64, '\xff');
  state.scan(family::counters, {}, end, [&](std::string_view key, std::string_view bytes) {
    const auto kind = static_cast<std::uint8_t>(key[2]);
    const auto v = decode_counter(bytes);
    REQUIRE(v);
    if (kind >= static_cast<std::uint8_t>(keys::counter_kind::run_births_of_pipeline) &&
        kind <= static_cast<std::uint8_t>(keys::counter_kind::run_ends_of_workspace) && *v != 0)
      out.emplace(key, *v);
    return true;
  });
  return out;
}

std::set<std::string> entries(const state_reader& state, partition_id p, keys::index_kind kind) {
  std::set<std::string> out;
  const auto prefix = keys::index_of_partition(p, kind);
  state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    out.emplace(key);
    return true;
  });
  return out;
}

/// When and for how much a run counts in a figure.
std::pair<timestamp, std::int64_t> counts_of(const run_record& run, run_figure what) {
  if (what == run_figure::started) return {keys::time_of(run.id.raw), 1};
  if (!run.ended_at) return {};
  if (what == run_figure::bytes) return {*run.ended_at, static_cast<std::int64_t>(run.bytes)};
  const auto status = what == run_figure::completed ? run_status::succeeded : run_status::failed;
  return {*run.ended_at, run.status == status};
}

void check_figures(const state_reader& state, partition_id partitions, const std::vector<run_record>& ever) {
  if (ever.empty()) return;
  const auto by_birth = [](const run_record& a, const run_record& b) { return a.created_at < b.created_at; };
  const auto first = std::min_element(ever.begin(), ever.end(), by_birth)->created_at;
  const auto last = std::max_element(ever.begin(), ever.end(), by_birth)->created_at + std::chrono::days{2};
  for (const auto what : {run_figure::completed, run_figure::failed, run_figure::started, run_figure::bytes})
    for (const auto interval : {figure_interval::hour, figure_interval::day, figure_interval::week}) {
      std::map<timestamp, std::int64_t> want;
      for (const auto& run : ever)
        if (const auto [at, count] = counts_of(run, what); count > 0) want[interval_begin(interval, at)] += count;
      std::map<timestamp, std::int64_t> have;
      for (const auto& point : run_figures(state, partitions, ever.front().workspace, {what, interval, first, last}))
        if (point.count != 0) have[point.at] = point.count;
      CHECK(want == have);
    }
}

} // namespace

std::vector<run_record> stored_runs(const state_reader& state) {
  std::vector<run_record> out;
  const std::string end(64, '\xff');
  state.scan(family::state, {}, end, [&](std::string_view key, std::string_view bytes) {
    if (key.size() < 3 || key[2] != static_cast<char>(keys::state_kind::run)) return true;
    auto run = codec::decode<run_record>(bytes);
    REQUIRE(run);
    out.push_back(std::move(*run));
    return true;
  });
  return out;
}

void check_counts(const state_reader& state, partition_id partitions, const std::vector<run_record>& gone) {
  const auto runs = stored_runs(state);
  CHECK(expected(runs, gone, partitions) == stored(state));
  auto ever = runs;
  ever.insert(ever.end(), gone.begin(), gone.end());
  check_figures(state, partitions, ever);

  for (partition_id p = 1; p <= partitions; ++p) {
    std::set<std::string> by_status;
    std::set<std::string> of_workspace;
    for (const auto& run : runs) {
      if (partition_of(run.id.slot(), partitions) != p) continue;
      by_status.insert(keys::run_by_status(p, run.workspace, run.status, run.id));
      of_workspace.insert(keys::index_entry(p, keys::index_kind::runs_of_workspace, run.workspace.raw, run.id.raw));
    }
    CHECK(entries(state, p, keys::index_kind::runs_by_status) == by_status);
    CHECK(entries(state, p, keys::index_kind::runs_of_workspace) == of_workspace);
  }
}

} // namespace penstock::simulation
