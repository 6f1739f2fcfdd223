#include "tests/simulation/count_check.hpp"
#include "tests/simulation/world.hpp"

#include "actors/core/reads.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/sealed_records.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace penstock;
using simulation::world;

namespace {

constexpr const char* chain = R"(
version: 1
tasks:
  - { id: a, type: noop, retries: 2 }
  - { id: b, type: noop, needs: [a], retries: { max: 3, backoff: exponential, delay: 2s } }
  - { id: c, type: sleep, seconds: 5, needs: [a] }
  - { id: d, type: noop, needs: [b, c] }
)";

constexpr const char* fan = R"(
version: 1
tasks:
  - { id: items, type: noop, for_each: 4, retries: 1 }
  - { id: children, type: run_pipeline, pipeline: chain, for_each: 2, needs: [items] }
)";

void check_everything(world& w) {
  auto& state = w.node->state();
  std::map<run_status, std::int64_t> seen;
  const reads reader{w.node->around()};
  const auto runs = reader.runs(default_workspace, {}, {1'000'000, 0});
  REQUIRE(runs);
  std::set<run_id> there;
  for (const auto& run : runs->entries) {
    there.insert(run.record.id);
    ++seen[run.record.status];
    CHECK(is_terminal(run.record.status));
    const auto whole = reader.run(default_workspace, run.record.id);
    REQUIRE(whole);
    for (const auto& task : whole->tasks) CHECK(is_terminal(task.status));
  }
  for (const auto& [once, id] : w.acknowledged) CHECK(there.contains(id));
  // Each run was counted in once and out once, however often its end was decided.
  for (const auto status : {run_status::running, run_status::succeeded, run_status::failed, run_status::cancelled}) {
    const auto counted = reader.runs(default_workspace, {{}, status}, {0, 0});
    REQUIRE(counted);
    CHECK(static_cast<int>(counted->total) == seen[status]);
  }
  simulation::check_counts(state, 3);
  for (partition_id p = 0; p <= 3; ++p) {
    const auto leftovers = [&](family f, const std::string& prefix) {
      std::size_t n = 0;
      state.scan(f, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
        // What a client's key made is kept for a day.
        const auto timer = f == family::timers ? keys::timer::decode(key) : result<keys::timer>{};
        n += timer && static_cast<timer_kind>(timer->kind) == timer_kind::request_expiry ? 0 : 1;
        return true;
      });
      return n;
    };
    CHECK(leftovers(family::outbox, keys::messages_prefix(p)) == 0);
    CHECK(leftovers(family::index, keys::active_runs_prefix(p)) == 0);
    CHECK(leftovers(family::timers, keys::timers_prefix(p)) == 0);
  }
  w.check_at_rest();
}

} // namespace

SCENARIO("whatever is interrupted when, every acknowledged run is there, ends, and each task has one result",
         "[simulation]") {
  int crashes = 0;
  const auto seeds = simulation::seeds(1'000);
  for (const auto seed : seeds) {
    CAPTURE(seed);
    world w{seed};
    const auto chain_id = w.make_pipeline("chain", chain);
    const auto fan_id = w.make_pipeline("fan", fan);
    std::vector<pipeline_id> requests; // Of each key its pipeline.
    const auto request = [&](std::size_t number) { w.start(requests[number], "key-" + std::to_string(number)); };
    for (int round = 0; round < 400; ++round) {
      const auto dice = w.random.next() % 100;
      if (dice < 4) {
        requests.push_back(w.random.next() % 4 == 0 ? fan_id : chain_id);
        request(requests.size() - 1);
      } else if (dice < 5 && !requests.empty()) request(w.random.next() % requests.size());
      else if (dice < 6) w.crash();
      else if (dice < 7) w.node->fail_next_write(w.random.next() % 6);
      else if (dice < 9) w.node->pass_time();
      else w.node->step();
      if (w.node->dead()) w.crash();
    }
    w.settle();
    check_everything(w);
    crashes += w.crashes;
  }
  CHECK((seeds.size() == 1 || crashes > static_cast<int>(seeds.size())));
}

SCENARIO("whatever is interrupted when, what happened stays counted when its pipeline is deleted", "[simulation]") {
  for (const auto seed : simulation::seeds(200)) {
    CAPTURE(seed);
    world w{seed};
    const auto kept = w.make_pipeline("chain", chain);
    const auto doomed = w.make_pipeline("chain", chain);
    const auto live_with = [&](std::string_view name, std::initializer_list<pipeline_id> pipelines) {
      for (int i = 0; i < 200; ++i) {
        if (w.random.next() % 15 == 0)
          w.start(*(pipelines.begin() + w.random.next() % pipelines.size()), std::string{name} + std::to_string(i));
        w.live();
      }
    };
    live_with("before", {kept, doomed});
    w.settle();
    auto gone = simulation::stored_runs(w.node->state());
    std::erase_if(gone, [&](const run_record& run) { return run.pipeline != doomed; });

    w.must<void>(doomed.raw, [](reply<void> done) {
      return pipeline_command{delete_pipeline{caller{default_workspace, {}, 0}, std::move(done)}};
    });
    live_with("behind", {kept});
    w.settle();
    simulation::check_counts(w.node->state(), 3, gone);
  }
}
