#include "tests/simulation/count_check.hpp"

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

void add(counts& into, const std::string& base, timestamp at, std::initializer_list<std::uint8_t> levels,
         std::int64_t delta) {
  for (const auto bytes : levels) into[level_key(base, keys::time_detail(at), bytes)] += delta;
}

counts expected(const std::vector<run_record>& runs, partition_id partitions) {
  counts out;
  for (const auto& run : runs) {
    const auto p = partition_of(run.id.slot(), partitions);
    const auto born = keys::time_of(run.id.raw);
    std::set<std::uint8_t> counted{keys::any_status};
    if (run.status != run_status::running) counted.insert(static_cast<std::uint8_t>(run.status));
    for (const auto status : counted) {
      add(out, keys::run_births_of_pipeline(p, run.pipeline, status), born, {0, 2, 3, 4, 5}, 1);
      add(out, keys::run_births_of_workspace(p, run.workspace, status), born, {0, 2, 3, 4, 5}, 1);
      add(out, keys::runs_of_partition(p, status), born, {0}, 1);
    }
    if (!run.ended_at) continue;
    const auto tally = [&](keys::run_tally what, std::uint64_t delta) {
      add(out, keys::run_tally_of_workspace(p, run.workspace, what), *run.ended_at, {2, 3},
          static_cast<std::int64_t>(delta));
    };
    if (run.status == run_status::succeeded) tally(keys::run_tally::succeeded, 1);
    if (run.status == run_status::failed) tally(keys::run_tally::failed, 1);
    if (run.bytes > 0) tally(keys::run_tally::bytes, run.bytes);
  }
  return out;
}

bool is_tally(const std::string& key) { return key[2] == static_cast<char>(keys::counter_kind::run_ends_of_workspace); }

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

} // namespace

void check_counts(const state_reader& state, partition_id partitions) {
  const auto runs = stored_runs(state);
  auto want = expected(runs, partitions);
  auto have = stored(state);
  // What ended and was deleted since is counted for good, but cannot be counted again.
  const auto deleted = [](const auto& entry) {
    return is_tally(entry.first) && entry.first[3] == static_cast<char>(keys::run_tally::cleared);
  };
  if (std::any_of(have.begin(), have.end(), deleted)) {
    std::erase_if(want, [](const auto& entry) { return is_tally(entry.first); });
    std::erase_if(have, [](const auto& entry) { return is_tally(entry.first); });
  }
  CHECK(want == have);

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
