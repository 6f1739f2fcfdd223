#include "tests/simulation/count_check.hpp"
#include "tests/simulation/starters_bench.hpp"

using namespace penstock;
using namespace penstock::simulation;

SCENARIO("whatever is interrupted when, a backfill runs each interval once, some at a time", "[simulation][backfill]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    w.node->outcome = [](const attempt_request&) { return attempt_outcome::succeeded; };
    const auto pipeline = w.make_pipeline("p", quick);
    backfill_record record;
    record.id = backfill_id{make_uuid7(w.clock.now(), pipeline.slot(), w.random.next())};
    record.workspace = default_workspace;
    record.from = "2025-11-01";
    record.to = "2025-11-30";
    record.concurrency = 4;
    const auto made = w.must<backfill_view>(pipeline.raw, [&](reply<backfill_view> done) {
      return pipeline_command{backfill_created{record, {}, {}, std::move(done)}};
    });
    CHECK(made.record.intervals_total == 30);
    for (int i = 0; i < 300; ++i) {
      w.live();
      CHECK(running(w, pipeline) <= 4);
    }
    w.settle();
    const auto after = schedule_reads{w.node->around()}.backfill(default_workspace, record.id);
    REQUIRE(after);
    const auto fired = firings(w, pipeline);
    CHECK(fired.size() == 30);
    for (const auto& [at, count] : fired) CHECK(count == 1);
    CHECK(is_terminal(after->record.status));
    CHECK(after->record.intervals_completed + after->record.intervals_failed == 30);
    CHECK(after->record.active.empty());
  }
}

SCENARIO("a backfill can be paused, resumed, cancelled, and its failed intervals run again", "[simulation][backfill]") {
  world w{4};
  const auto pipeline = w.make_pipeline("p", slow);
  auto record = november(w, pipeline, 10);
  record.concurrency = 2;
  const auto act = [&](backfill_action action) {
    std::optional<result<backfill_view>> answer;
    w.node->submit(pipeline.raw, pipeline_command{backfill_changed{default_workspace, record.id, action,
                                                                   [&](result<backfill_view> r) { answer = r; }}});
    w.settle(w.clock.now());
    REQUIRE(answer);
    return *answer;
  };
  const auto now = [&] { return look(w, record.id); };
  const auto runs = [&] { return runs_of(w, pipeline).size(); };
  const auto wait = [&](int seconds) { w.settle(w.clock.now() + std::chrono::seconds{seconds}); };
  WHEN("it is paused") {
    add(w, pipeline, record);
    wait(1);
    REQUIRE(act(backfill_action::pause));
    CHECK(!act(backfill_action::pause));
    CHECK(running(w, pipeline) == 2);
    wait(500);
    THEN("what runs ends, and nothing begins until it is resumed") {
      CHECK(runs() == 2);
      CHECK(now().status == backfill_status::paused);
      CHECK(now().intervals_completed == 2);
      w.crash();
      wait(500);
      CHECK(runs() == 2);
      REQUIRE(act(backfill_action::resume));
      CHECK(!act(backfill_action::resume));
      CHECK(runs() == 4);
      w.settle();
      CHECK(now().status == backfill_status::completed);
      CHECK(now().intervals_completed == 10);
      CHECK(busy(w) == 0);
    }
  }
  WHEN("it is cancelled") {
    add(w, pipeline, record);
    wait(120);
    REQUIRE(act(backfill_action::cancel));
    THEN("its runs are, too, and are neither done nor failed") {
      CHECK(running(w, pipeline) == 0);
      CHECK(now().status == backfill_status::cancelled);
      CHECK(now().active_runs.empty());
      CHECK(now().intervals_completed == 2);
      CHECK(now().intervals_failed == 0);
      CHECK(busy(w) == 0);
      w.settle();
      CHECK(runs() == 4);
      for (const auto action :
           {backfill_action::pause, backfill_action::resume, backfill_action::cancel, backfill_action::retry_failed})
        CHECK(!act(action));
    }
  }
  WHEN("it is a dry run") {
    record.dry_run = true;
    CHECK(add(w, pipeline, record).record.intervals_total == 10);
    w.settle();
    CHECK(runs() == 0);
  }
}

SCENARIO("only the failed intervals of a backfill run again", "[simulation][backfill]") {
  world w{4};
  const auto pipeline = w.make_pipeline("p", quick);
  auto record = november(w, pipeline, 10);
  record.concurrency = 2;
  int attempts = 0;
  const auto fail_third = [&](const attempt_request&) {
    return ++attempts % 3 == 0 && attempts <= 10 ? attempt_outcome::failed : attempt_outcome::succeeded;
  };
  w.node->outcome = fail_third;
  const auto retry = [&] {
    std::optional<result<backfill_view>> answer;
    w.node->submit(pipeline.raw,
                   pipeline_command{backfill_changed{default_workspace, record.id, backfill_action::retry_failed,
                                                     [&](result<backfill_view> r) { answer = r; }}});
    w.settle();
    REQUIRE(answer);
    return *answer;
  };
  const auto now = [&] { return look(w, record.id); };
  add(w, pipeline, record);
  w.settle();
  CHECK(now().status == backfill_status::failed);
  CHECK(now().intervals_failed == 3);
  CHECK(now().intervals_completed == 7);
  WHEN("they succeed") {
    REQUIRE(retry());
    CHECK(now().status == backfill_status::completed);
    CHECK(now().intervals_completed == 10);
    CHECK(runs_of(w, pipeline).size() == 13);
    CHECK(!retry());
  }
  WHEN("one fails again after a crash") {
    w.crash();
    attempts = 1;
    w.node->outcome = fail_third;
    REQUIRE(retry());
    CHECK(now().intervals_failed == 1);
    CHECK(runs_of(w, pipeline).size() == 13);
    w.crash();
    attempts = 10;
    w.node->outcome = fail_third;
    REQUIRE(retry());
    CHECK(now().status == backfill_status::completed);
    CHECK(runs_of(w, pipeline).size() == 14);
    std::map<timestamp, int> succeeded;
    for (const auto& run : runs_of(w, pipeline))
      if (run.status == run_status::succeeded) ++succeeded[*run.logical_at];
    CHECK(succeeded.size() == 10);
    for (const auto& [at, count] : succeeded) CHECK(count == 1);
  }
}

SCENARIO("whatever is interrupted when, the runs of a cancelled backfill are cancelled", "[simulation][backfill]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("p", slow);
    auto record = november(w, pipeline, 30);
    record.concurrency = 4;
    add(w, pipeline, record);
    for (int i = 0; i < 50; ++i) w.live(w.clock.now());
    w.node->submit(pipeline.raw,
                   pipeline_command{backfill_changed{default_workspace, record.id, backfill_action::cancel, {}}});
    for (auto steps = w.random.next() % 40; steps > 0; --steps) w.live(w.clock.now());
    w.crash();
    w.settle(w.clock.now());
    const auto after = look(w, record.id);
    const bool is_cancelled = after.status == backfill_status::cancelled;
    CHECK(running(w, pipeline) == (is_cancelled ? 0u : 4u));
    CHECK(busy(w) == (is_cancelled ? 0u : 1u));
  }
}

SCENARIO("what a backfill writes for an interval does not grow with those that failed", "[simulation][backfill]") {
  world w{10};
  w.node->outcome = [](const attempt_request&) { return attempt_outcome::failed; };
  const auto pipeline = w.make_pipeline("p", quick);
  auto record = november(w, pipeline, 30);
  record.granularity = granularity::hourly;
  record.concurrency = 10;
  add(w, pipeline, record);
  w.settle();
  CHECK(look(w, record.id).intervals_failed >= 696);
  std::string bytes;
  REQUIRE(w.node->state().get(family::state, keys::backfill(record.id), bytes));
  CHECK(bytes.size() < 300);
}
