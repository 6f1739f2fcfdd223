#include "tests/simulation/count_check.hpp"
#include "tests/simulation/world.hpp"

#include "actors/core/reads.hpp"
#include "storage/counter_cache.hpp"

#include <map>
#include <set>

using namespace penstock;
using simulation::world;

namespace {

constexpr std::size_t seed_count = 150;

constexpr const char* two_at_a_time = R"(
version: 1
concurrency: 2
tasks:
  - { id: a, type: noop, for_each: 3 }
  - { id: b, type: sleep, seconds: 90, needs: [a] }
)";

/// Gives the pipeline something of everything.
void occupy(world& w, pipeline_id pipeline) {
  schedule_record schedule;
  schedule.id = schedule_id{make_uuid7(w.clock.now(), pipeline.slot(), w.random.next())};
  schedule.workspace = default_workspace;
  schedule.cron = "* * * * *";
  schedule.overlap = w.random.next() % 2 == 0 ? overlap_strategy::queue : overlap_strategy::cancel_running;
  w.must<schedule_view>(pipeline.raw, [&](reply<schedule_view> done) {
    return pipeline_command{schedule_created{schedule, {}, {}, std::move(done)}};
  });
  backfill_record backfill;
  backfill.id = backfill_id{make_uuid7(w.clock.now(), pipeline.slot(), w.random.next())};
  backfill.workspace = default_workspace;
  backfill.from = "2025-11-01";
  backfill.to = "2025-11-20";
  backfill.concurrency = 3;
  w.must<backfill_view>(pipeline.raw, [&](reply<backfill_view> done) {
    return pipeline_command{backfill_created{backfill, {}, {}, std::move(done)}};
  });
}

bool is_deleted(world& w, pipeline_id pipeline) {
  return !reads{w.node->around()}.pipeline(default_workspace, pipeline).has_value();
}

/// Runs that wait and were not let begin.
std::set<run_id> waiting(world& w, pipeline_id pipeline) {
  std::set<run_id> out;
  const auto p = partition_of(pipeline.slot(), w.node->around().partition_count);
  const auto prefix = keys::index_prefix(p, keys::index_kind::queued_runs, pipeline.raw);
  std::string bytes;
  w.node->state().scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    const run_id run{keys::plain_id(key)};
    if (!w.node->state().get(family::state, keys::lease(pipeline, run), bytes)) out.insert(run);
    return true;
  });
  return out;
}

std::size_t begun(world& w, const std::set<run_id>& runs) {
  std::size_t n = 0;
  for (const auto id : runs) {
    const auto run = reads{w.node->around()}.run(default_workspace, id);
    n += run && run->record.started_at ? 1 : 0;
  }
  return n;
}

/// Everything but what is kept beyond a pipeline: answers to repeated requests, and counts of what ended.
void check_nothing_left(world& w) {
  const std::string end(64, '\xff');
  for (const auto f : {family::state, family::index, family::outbox, family::history, family::timers}) {
    CAPTURE(static_cast<int>(f));
    std::set<std::string> left;
    w.node->state().scan(f, {}, end, [&](std::string_view key, std::string_view) {
      const auto timer = f == family::timers ? keys::timer::decode(key) : result<keys::timer>{};
      if (!timer || static_cast<timer_kind>(timer->kind) != timer_kind::request_expiry) left.emplace(key);
      return true;
    });
    CHECK(left.empty());
  }
  w.node->state().scan(family::counters, {}, end, [&](std::string_view key, std::string_view bytes) {
    if (key[2] != static_cast<char>(keys::counter_kind::run_ends_of_workspace)) CHECK(*decode_counter(bytes) == 0);
    return true;
  });
}

} // namespace

SCENARIO("whatever is interrupted when, a deleted pipeline begins nothing and leaves nothing", "[simulation][delete]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("p", two_at_a_time);
    occupy(w, pipeline);
    for (int i = 0; i < 200; ++i) {
      if (w.random.next() % 10 == 0) w.start(pipeline, "key-" + std::to_string(i));
      w.live();
    }
    while (!is_deleted(w, pipeline)) {
      w.node->submit(pipeline.raw, pipeline_command{delete_pipeline{caller{default_workspace, {}, 0}, {}}});
      for (int i = 0; i < 20 && !is_deleted(w, pipeline); ++i) w.live();
    }
    const auto queued = waiting(w, pipeline);
    std::map<run_id, run_record> gone; // As they were last seen, which is how they ended.
    const auto look = [&] {
      const auto there = simulation::stored_runs(w.node->state());
      for (const auto& run : there) gone[run.id] = run;
      return there.size();
    };
    for (int i = 0; i < 200 || look() > 0; ++i) {
      REQUIRE(i < 100'000);
      w.live();
      look();
      CHECK(begun(w, queued) == 0);
    }
    w.settle();
    check_nothing_left(w);
    std::vector<run_record> all;
    for (const auto& [id, run] : gone) all.push_back(run);
    simulation::check_counts(w.node->state(), 3, all);
  }
}
