#include "tests/simulation/world.hpp"

#include "actors/core/reads.hpp"

#include <map>

using namespace penstock;
using simulation::world;

namespace {

constexpr std::size_t seed_count = 200;

constexpr const char* long_sleep = R"(
version: 1
tasks:
  - { id: a, type: sleep, seconds: 3600 }
)";

constexpr const char* quick = R"(
version: 1
tasks:
  - { id: a, type: sleep, seconds: 1 }
)";

constexpr const char* many_children = R"(
version: 1
tasks:
  - { id: children, type: run_pipeline, pipeline: inner, for_each: 12 }
)";

constexpr const char* one_child = R"(
version: 1
tasks:
  - { id: child, type: run_pipeline, pipeline: inner, retries: 1 }
)";

std::vector<run_view> all_runs(world& w) {
  auto runs = reads{w.node->around()}.runs(default_workspace, {}, {100'000, 0});
  REQUIRE(runs);
  return std::move(runs->entries);
}

void rename(world& w, pipeline_id pipeline, const std::string& name) {
  w.must<pipeline_view>(pipeline.raw, [&](reply<pipeline_view> done) {
    update_pipeline command;
    command.who.workspace = default_workspace;
    command.patch.name = name;
    command.done = std::move(done);
    return pipeline_command{std::move(command)};
  });
}

} // namespace

SCENARIO("a run that is cancelled takes its children with it, also those that are not born yet",
         "[simulation][children]") {
  std::size_t cancelled = 0;
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    w.make_pipeline("inner", long_sleep);
    const auto outer = w.make_pipeline("outer", many_children);
    for (int i = 0; i < 3; ++i) {
      const auto key = "key-" + std::to_string(i);
      while (!w.acknowledged.contains(key)) {
        w.start(outer, key);
        for (int step = 0; step < 50 && !w.acknowledged.contains(key); ++step) w.live(w.clock.now());
      }
      for (auto steps = w.random.next() % 100; steps > 0; --steps) w.live(w.clock.now());
      if (w.random.next() % 2 == 0) w.cancel(w.acknowledged.at(key));
    }
    for (int round = 0; round < 100; ++round) w.live(w.clock.now());
    // Whoever is forgotten sleeps on.
    w.settle(w.clock.now());
    std::map<run_id, run_status> statuses;
    for (const auto& run : all_runs(w)) statuses[run.record.id] = run.record.status;
    for (const auto& run : all_runs(w)) {
      if (!run.record.parent || statuses.at(run.record.parent->run) != run_status::cancelled) continue;
      CHECK(run.record.status == run_status::cancelled);
      ++cancelled;
    }
    const auto is_over = [&](run_id run) {
      return is_terminal(reads{w.node->around()}.run(default_workspace, run)->record.status);
    };
    for (const auto& [once, run] : w.acknowledged)
      while (!is_over(run)) {
        w.cancel(run);
        w.settle(w.clock.now());
      }
    w.settle();
    w.check_at_rest();
  }
  CHECK(cancelled > 0);
}

SCENARIO("a clock that is put back holds up nothing that sleeps", "[simulation][clock]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("naps", quick);
    w.clock.set(w.clock.now() - std::chrono::milliseconds{w.random.next() % 7'200'000});
    if (w.random.next() % 2 == 0) w.crash();
    w.start(pipeline, "key");
    while (w.node->step()) {}
    const auto before = w.clock.now();
    w.settle(w.node->now() + std::chrono::seconds{1});
    // A second that is a tenth longer until the wall clock has caught up.
    CHECK(w.clock.now() - before < std::chrono::milliseconds{1'200});
    for (const auto& run : all_runs(w)) CHECK(run.record.status == run_status::succeeded);
  }
}

SCENARIO("a child is of the pipeline that its name meant when it was first asked for", "[simulation][children]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto first = w.make_pipeline("inner", quick);
    const auto spare = w.make_pipeline("spare", quick);
    const auto outer = w.make_pipeline("outer", one_child);
    w.start(outer, "key");
    w.settle(w.clock.now());
    if (w.acknowledged.empty()) continue;
    rename(w, first, "another");
    if (w.random.next() % 2 == 0) rename(w, spare, "inner");
    w.crash();
    for (int round = 0; round < 100; ++round) w.live();
    w.settle();
    std::size_t children = 0;
    for (const auto& run : all_runs(w)) {
      CHECK(is_terminal(run.record.status));
      if (!run.record.parent) continue;
      ++children;
      CHECK(run.record.pipeline == first);
    }
    CHECK(children == 1);
    w.check_at_rest();
  }
}

SCENARIO("a pipeline that runs itself comes to an end and says why", "[simulation][children]") {
  world w{11};
  const auto pipeline = w.make_pipeline("circle", R"(
version: 1
tasks:
  - { id: again, type: run_pipeline, pipeline: circle }
)");
  w.start(pipeline, "once");
  w.settle();
  const auto runs = all_runs(w);
  CHECK(runs.size() == 33);
  std::size_t told = 0;
  for (const auto& run : runs) {
    CHECK(run.record.status == run_status::failed);
    told += run.error.find("more than 32 runs below") != std::string::npos ? 1 : 0;
  }
  CHECK(told > 0);
}
