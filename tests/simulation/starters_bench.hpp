#pragma once

#include "tests/simulation/world.hpp"

#include "actors/core/backfill_book.hpp"
#include "actors/core/dependencies.hpp"
#include "actors/core/reads.hpp"
#include "actors/core/schedule_book.hpp"
#include "actors/core/schedule_reads.hpp"

#include <map>
#include <set>

/// What tests of schedules, backfills and dependencies do and look at.
namespace penstock::simulation {

inline constexpr std::size_t seed_count = 100;

inline constexpr const char* quick = R"(
version: 1
tasks:
  - { id: a, type: noop }
)";

inline constexpr const char* slow = R"(
version: 1
tasks:
  - { id: a, type: sleep, seconds: 110 }
)";

inline constexpr const char* two_at_a_time = R"(
version: 1
concurrency: 2
tasks:
  - { id: a, type: noop }
  - { id: b, type: sleep, seconds: 3, needs: [a] }
)";

inline schedule_record every_minute(world& w, pipeline_id pipeline) {
  schedule_record record;
  record.id = schedule_id{make_uuid7(w.clock.now(), pipeline.slot(), w.random.next())};
  record.workspace = default_workspace;
  record.cron = "* * * * *";
  return record;
}

inline schedule_view add(world& w, pipeline_id pipeline, const schedule_record& record) {
  return w.must<schedule_view>(pipeline.raw, [&](reply<schedule_view> done) {
    return pipeline_command{schedule_created{record, {}, {}, std::move(done)}};
  });
}

inline schedule_view change(world& w, const schedule_view& view, std::optional<bool> paused,
                            schedule_draft draft = {}) {
  return w.must<schedule_view>(view.record.pipeline.raw, [&](reply<schedule_view> done) {
    return pipeline_command{schedule_changed{default_workspace, view.record.id, draft, paused, std::move(done)}};
  });
}

/// Not within any test's time.
inline schedule_draft seldom() {
  schedule_draft draft;
  draft.cron = "0 0 1 1 *";
  return draft;
}

inline schedule_view look(world& w, const schedule_view& view) {
  auto found = schedule_reads{w.node->around()}.schedule(default_workspace, view.record.id);
  REQUIRE(found);
  return *found;
}

inline std::vector<run_record> runs_of(world& w, pipeline_id pipeline) {
  run_filter filter;
  filter.pipeline = pipeline;
  const auto runs = reads{w.node->around()}.runs(default_workspace, filter, {100'000, 0});
  REQUIRE(runs);
  std::vector<run_record> out;
  for (const auto& run : runs->entries) out.push_back(run.record);
  return out;
}

/// How many runs there are of each logical time.
inline std::map<timestamp, int> firings(world& w, pipeline_id pipeline) {
  std::map<timestamp, int> out;
  for (const auto& run : runs_of(w, pipeline))
    if (run.logical_at) ++out[*run.logical_at];
  return out;
}

inline std::size_t entries(world& w, family f, const std::string& prefix) {
  std::size_t n = 0;
  w.node->state().scan(f, prefix, keys::behind(prefix), [&](std::string_view, std::string_view) { return ++n > 0; });
  return n;
}

/// Runs that are under way now, as far as the store knows.
inline std::size_t running(world& w, pipeline_id pipeline) {
  const auto p = partition_of(pipeline.slot(), w.node->around().partition_count);
  return entries(w, family::index, keys::index_prefix(p, keys::index_kind::active_runs, pipeline.raw));
}

inline void cancel(world& w, run_id run) {
  w.node->submit(run.raw, run_message{cancel_run{"a test"}, default_workspace, {}, {}});
}

inline pipeline_view update(world& w, pipeline_id pipeline, const pipeline_patch& patch, const std::string& yaml = {}) {
  return w.must<pipeline_view>(pipeline.raw, [&](reply<pipeline_view> done) {
    update_pipeline command;
    command.who.workspace = default_workspace;
    command.patch = patch;
    if (!yaml.empty()) command.compiled = w.compiled(yaml);
    command.done = std::move(done);
    return pipeline_command{std::move(command)};
  });
}

inline pipeline_patch enabling(bool enabled) {
  pipeline_patch patch;
  patch.enabled = enabled;
  return patch;
}

inline backfill_record november(world& w, pipeline_id pipeline, int days) {
  backfill_record record;
  record.id = backfill_id{make_uuid7(w.clock.now(), pipeline.slot(), w.random.next())};
  record.workspace = default_workspace;
  record.from = "2025-11-01";
  record.to = days < 10 ? "2025-11-0" + std::to_string(days) : "2025-11-" + std::to_string(days);
  return record;
}

inline backfill_view add(world& w, pipeline_id pipeline, const backfill_record& record) {
  return w.must<backfill_view>(pipeline.raw, [&](reply<backfill_view> done) {
    return pipeline_command{backfill_created{record, {}, {}, std::move(done)}};
  });
}

inline backfill_record look(world& w, backfill_id id) {
  auto found = schedule_reads{w.node->around()}.backfill(default_workspace, id);
  REQUIRE(found);
  return found->record;
}

inline void depend(world& w, pipeline_id upstream, pipeline_id downstream) {
  dependency_record record;
  record.id = dependency_id{make_uuid7(w.clock.now(), 0, w.random.next())};
  record.workspace = default_workspace;
  record.upstream = upstream;
  record.downstream = downstream;
  w.must<void>(system_entity, [&](reply<void> done) {
    return system_change{[record](system_draft& d, timestamp) { return add_dependency(d, record); }, std::move(done)};
  });
}

inline std::size_t busy(world& w) {
  std::size_t n = 0;
  for (partition_id p = 1; p <= 3; ++p)
    n += entries(w, family::index, keys::index_of_partition(p, keys::index_kind::busy_launchers));
  return n;
}

inline timestamp next_minute(timestamp t) { return from_ms((to_ms(t) / 60'000 + 1) * 60'000); }

} // namespace penstock::simulation
