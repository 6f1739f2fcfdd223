#include "tests/simulation/count_check.hpp"
#include "tests/simulation/starters_bench.hpp"

using namespace penstock;
using namespace penstock::simulation;

SCENARIO("whatever is interrupted when, no more runs are active than the pipeline's limit", "[simulation][limit]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("p", two_at_a_time);
    for (int i = 0; i < 300; ++i) {
      if (w.random.next() % 10 == 0) w.start(pipeline, "key-" + std::to_string(i));
      // Those that wait as well: one of them may be let in the moment of its end.
      if (w.random.next() % 10 == 0)
        for (const auto& [once, id] : w.acknowledged)
          if (w.random.next() % 2 == 0) cancel(w, id);
      w.live();
      CHECK(running(w, pipeline) <= 2);
    }
    // A dead node steps for ever.
    while (!w.node->dead() && w.node->step()) CHECK(running(w, pipeline) <= 2);
    if (w.node->dead()) w.crash();
    w.settle();
    for (const auto& run : runs_of(w, pipeline)) CHECK(is_terminal(run.status));
    for (const auto& [once, id] : w.acknowledged) CHECK(reads{w.node->around()}.run(default_workspace, id).has_value());
    const auto p = partition_of(pipeline.slot(), 3);
    CHECK(entries(w, family::state, keys::leases_prefix(pipeline)) == 0);
    CHECK(entries(w, family::index, keys::index_of_partition(p, keys::index_kind::queued_runs)) == 0);
    for (const auto status : {run_status::pending, run_status::running})
      CHECK(reads{w.node->around()}.runs(default_workspace, {pipeline, status}, {0, 0})->total == 0);
    simulation::check_counts(w.node->state(), 3);
  }
}

SCENARIO("a pipeline starts once all it depends on have ended as wanted", "[simulation][dependency]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    w.node->outcome = [](const attempt_request&) { return attempt_outcome::succeeded; };
    const auto a = w.make_pipeline("a", quick);
    const auto b = w.make_pipeline("b", quick);
    const auto c = w.make_pipeline("c", quick);
    const auto depend = [&](pipeline_id upstream, pipeline_id downstream) {
      dependency_record record;
      record.id = dependency_id{make_uuid7(w.clock.now(), 0, w.random.next())};
      record.workspace = default_workspace;
      record.upstream = upstream;
      record.downstream = downstream;
      std::optional<result<void>> answer;
      w.node->submit(system_entity,
                     system_change{[record](system_draft& d, timestamp) { return add_dependency(d, record); },
                                   [&](result<void> r) { answer = std::move(r); }});
      w.settle();
      REQUIRE(answer);
      return *answer;
    };
    REQUIRE(depend(a, c));
    REQUIRE(depend(b, c));
    const auto cycle = depend(c, a);
    REQUIRE(!cycle);
    CHECK(cycle.error().message.find(to_text(c)) != std::string::npos);
    CHECK(!depend(a, a));

    w.start(a, "a1");
    w.settle();
    CHECK(runs_of(w, c).empty());
    w.start(b, "b1");
    for (int i = 0; i < 100; ++i) w.live();
    w.settle();
    // A crash may swallow the start, and after one tasks may fail again.
    const auto of_b = runs_of(w, b);
    const bool is_met =
      std::any_of(of_b.begin(), of_b.end(), [](const run_record& r) { return r.status == run_status::succeeded; });
    if (w.acknowledged.size() == 2) CHECK(!of_b.empty());
    CHECK(runs_of(w, c).size() == (is_met ? 1u : 0u));
    for (const auto& run : runs_of(w, c)) CHECK(run.trigger == trigger_kind::dependency);
  }
}

SCENARIO("a pipeline that its dependencies cannot start says why, until they can", "[simulation][dependency]") {
  world w{4};
  const auto succeed = [](const attempt_request&) { return attempt_outcome::succeeded; };
  w.node->outcome = succeed;
  const auto a = w.make_pipeline("a", quick);
  const auto b = w.make_pipeline("b", quick);
  update(w, b, {}, std::string{"parameters: { day: { type: string } }"} + quick);
  depend(w, a, b);
  const auto graph = [&] {
    auto found = schedule_reads{w.node->around()}.dependencies(default_workspace, b);
    REQUIRE(found);
    REQUIRE(found->upstream.size() == 1);
    return *found;
  };
  CHECK(graph().error.empty());
  CHECK_FALSE(graph().upstream[0].satisfied);
  w.start(a, "first");
  w.settle();
  w.crash();
  w.node->outcome = succeed;
  w.settle();
  CHECK(runs_of(w, b).empty());
  CHECK(graph().error.find("day") != std::string::npos);
  CHECK(graph().upstream[0].satisfied);
  update(w, b, {}, quick);
  w.start(a, "second");
  w.settle();
  CHECK(runs_of(w, b).size() == 1);
  CHECK(graph().error.empty());
  CHECK_FALSE(graph().upstream[0].satisfied);
  CHECK_FALSE(schedule_reads{w.node->around()}.dependencies(workspace_id{}, b));
}

SCENARIO("each end of an upstream counts once, however many are told again", "[simulation][dependency]") {
  for (const auto seed : simulation::seeds(10)) {
    CAPTURE(seed);
    world w{seed};
    const auto a = w.make_pipeline("a", quick);
    const auto b = w.make_pipeline("b", quick);
    depend(w, a, b);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 80; ++i) w.start(a, std::to_string(round) + "-" + std::to_string(i));
      // All are taken, and none is out of the outbox, when the power goes.
      while (w.node->step()) {}
      w.crash();
      w.settle();
    }
    std::size_t succeeded = 0;
    for (const auto& run : runs_of(w, a)) succeeded += run.status == run_status::succeeded ? 1 : 0;
    CHECK(succeeded > 150);
    CHECK(runs_of(w, b).size() == succeeded);
    // What was heard of is forgotten, some time after it cannot come again.
    for (int i = 0; i < 300; ++i) {
      w.start(a, "later-" + std::to_string(i));
      w.settle();
    }
    CHECK(entries(w, family::state, keys::heard_runs_prefix(b)) <= 130);
  }
}
