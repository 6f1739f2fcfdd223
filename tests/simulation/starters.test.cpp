#include "tests/simulation/count_check.hpp"
#include "tests/simulation/world.hpp"

#include "actors/core/backfill_book.hpp"
#include "actors/core/dependencies.hpp"
#include "actors/core/reads.hpp"
#include "actors/core/schedule_book.hpp"
#include "actors/core/schedule_reads.hpp"

#include <map>
#include <set>

using namespace penstock;
using simulation::world;

namespace {

constexpr std::size_t seed_count = 100;

constexpr const char* quick = R"(
version: 1
tasks:
  - { id: a, type: noop }
)";

constexpr const char* slow = R"(
version: 1
tasks:
  - { id: a, type: sleep, seconds: 110 }
)";

constexpr const char* two_at_a_time = R"(
version: 1
concurrency: 2
tasks:
  - { id: a, type: noop }
  - { id: b, type: sleep, seconds: 3, needs: [a] }
)";

schedule_record every_minute(world& w, pipeline_id pipeline) {
  schedule_record record;
  record.id = schedule_id{make_uuid7(w.clock.now(), pipeline.slot(), w.random.next())};
  record.workspace = default_workspace;
  record.cron = "* * * * *";
  return record;
}

schedule_view add(world& w, pipeline_id pipeline, const schedule_record& record) {
  return w.must<schedule_view>(pipeline.raw, [&](reply<schedule_view> done) {
    return pipeline_command{schedule_created{record, {}, {}, std::move(done)}};
  });
}

schedule_view change(world& w, const schedule_view& view, std::optional<bool> paused, schedule_draft draft = {}) {
  return w.must<schedule_view>(view.record.pipeline.raw, [&](reply<schedule_view> done) {
    return pipeline_command{schedule_changed{default_workspace, view.record.id, draft, paused, std::move(done)}};
  });
}

schedule_view look(world& w, const schedule_view& view) {
  auto found = schedule_reads{w.node->around()}.schedule(default_workspace, view.record.id);
  REQUIRE(found);
  return *found;
}

std::vector<run_record> runs_of(world& w, pipeline_id pipeline) {
  run_filter filter;
  filter.pipeline = pipeline;
  const auto runs = reads{w.node->around()}.runs(default_workspace, filter, {100'000, 0});
  REQUIRE(runs);
  std::vector<run_record> out;
  for (const auto& run : runs->entries) out.push_back(run.record);
  return out;
}

/// How many runs there are of each logical time.
std::map<timestamp, int> firings(world& w, pipeline_id pipeline) {
  std::map<timestamp, int> out;
  for (const auto& run : runs_of(w, pipeline))
    if (run.logical_at) ++out[*run.logical_at];
  return out;
}

std::size_t entries(world& w, family f, const std::string& prefix) {
  std::size_t n = 0;
  w.node->state().scan(f, prefix, keys::behind(prefix), [&](std::string_view, std::string_view) { return ++n > 0; });
  return n;
}

/// Runs that are under way now, as far as the store knows.
std::size_t running(world& w, pipeline_id pipeline) {
  const auto p = partition_of(pipeline.slot(), w.node->around().partition_count);
  return entries(w, family::index, keys::index_prefix(p, keys::index_kind::active_runs, pipeline.raw));
}

void cancel(world& w, run_id run) {
  w.node->submit(run.raw, run_message{cancel_run{"a test"}, default_workspace, {}, {}});
}

pipeline_view update(world& w, pipeline_id pipeline, const pipeline_patch& patch, const std::string& yaml = {}) {
  return w.must<pipeline_view>(pipeline.raw, [&](reply<pipeline_view> done) {
    update_pipeline command;
    command.who.workspace = default_workspace;
    command.patch = patch;
    if (!yaml.empty()) command.compiled = w.compiled(yaml);
    command.done = std::move(done);
    return pipeline_command{std::move(command)};
  });
}

pipeline_patch enabling(bool enabled) {
  pipeline_patch patch;
  patch.enabled = enabled;
  return patch;
}

backfill_record november(world& w, pipeline_id pipeline, int days) {
  backfill_record record;
  record.id = backfill_id{make_uuid7(w.clock.now(), pipeline.slot(), w.random.next())};
  record.workspace = default_workspace;
  record.from = "2025-11-01";
  record.to = days < 10 ? "2025-11-0" + std::to_string(days) : "2025-11-" + std::to_string(days);
  return record;
}

backfill_view add(world& w, pipeline_id pipeline, const backfill_record& record) {
  return w.must<backfill_view>(pipeline.raw, [&](reply<backfill_view> done) {
    return pipeline_command{backfill_created{record, {}, {}, std::move(done)}};
  });
}

backfill_record look(world& w, backfill_id id) {
  auto found = schedule_reads{w.node->around()}.backfill(default_workspace, id);
  REQUIRE(found);
  return found->record;
}

std::size_t busy(world& w) {
  std::size_t n = 0;
  for (partition_id p = 1; p <= 3; ++p)
    n += entries(w, family::index, keys::index_of_partition(p, keys::index_kind::busy_launchers));
  return n;
}

timestamp next_minute(timestamp t) { return from_ms((to_ms(t) / 60'000 + 1) * 60'000); }

} // namespace

SCENARIO("whatever is interrupted when, every due time of a schedule starts one run", "[simulation][schedule]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("p", quick);
    const auto first = next_minute(w.clock.now());
    auto record = every_minute(w, pipeline);
    // None is skipped for being late, or for meeting a run.
    record.catchup = catchup_strategy::run_all;
    record.overlap = overlap_strategy::queue;
    const auto schedule = add(w, pipeline, record);
    CHECK(schedule.record.next_at == first);
    const auto until = first + std::chrono::minutes{20};
    while (w.clock.now() < until) w.live();
    // What was under way at the end is let end, and nothing new begins.
    w.settle(w.clock.now());
    const auto fired = firings(w, pipeline);
    for (auto due = first; due < until; due += std::chrono::minutes{1}) {
      CAPTURE(to_rfc3339(due));
      CHECK(fired.contains(due));
    }
    for (const auto& [due, count] : fired) CHECK(count == 1);
    const auto after = look(w, schedule);
    CHECK(after.record.fired == fired.size());
    CHECK(after.record.last_fired_at == fired.rbegin()->first);
  }
}

SCENARIO("a due time that meets an active run is skipped, waits, or takes its place", "[simulation][schedule]") {
  world w{1};
  const auto pipeline = w.make_pipeline("p", slow);
  auto record = every_minute(w, pipeline);
  const auto first = next_minute(w.clock.now());
  // Runs take nearly two minutes: every other due time meets one.
  const auto end = first + std::chrono::minutes{5} + std::chrono::seconds{1};
  const auto play = [&] {
    const auto schedule = add(w, pipeline, record);
    w.settle(end);
    return look(w, schedule);
  };
  WHEN("it skips") {
    const auto after = play();
    CHECK(after.record.fired == 3);
    CHECK(after.record.skipped == 3);
    CHECK(firings(w, pipeline).size() == 3);
  }
  WHEN("it queues") {
    record.overlap = overlap_strategy::queue;
    const auto after = play();
    CHECK(after.record.fired == 3);
    CHECK(after.record.queued.size() == 3);
    CHECK(running(w, pipeline) == 1);
    THEN("those that wait survive a crash, and run one after the other") {
      change(w, after, true);
      w.crash();
      w.settle();
      CHECK(firings(w, pipeline).size() == 6);
      CHECK(look(w, after).record.queued.empty());
    }
  }
  WHEN("it cancels") {
    record.overlap = overlap_strategy::cancel_running;
    const auto after = play();
    CHECK(after.record.fired == 6);
    CHECK(running(w, pipeline) == 1);
    std::map<run_status, int> ends;
    for (const auto& run : runs_of(w, pipeline)) ++ends[run.status];
    CHECK(ends[run_status::cancelled] == 5);
  }
}

SCENARIO("due times that wait start although the run before them was to be told of to nobody",
         "[simulation][schedule]") {
  world w{8};
  const auto pipeline = w.make_pipeline("p", slow);
  const auto schedule = add(w, pipeline, every_minute(w, pipeline));
  w.settle(next_minute(w.clock.now()));
  REQUIRE(running(w, pipeline) == 1);
  schedule_draft draft;
  WHEN("its overlap is changed under a run that is active") {
    draft.overlap = overlap_strategy::queue;
    change(w, schedule, std::nullopt, draft);
    const auto from = w.clock.now();
    // The next due time waits for 50 seconds, and not until another one comes due.
    w.settle(from + std::chrono::seconds{115});
    CHECK(firings(w, pipeline).size() == 2);
    w.settle(from + std::chrono::minutes{10});
    THEN("one run follows the other") {
      CHECK(running(w, pipeline) == 1);
      CHECK(firings(w, pipeline).size() == 6);
    }
  }
  WHEN("it is changed back while some wait") {
    draft.overlap = overlap_strategy::queue;
    change(w, schedule, std::nullopt, draft);
    w.settle(w.clock.now() + std::chrono::minutes{5});
    draft.overlap = overlap_strategy::skip;
    change(w, change(w, look(w, schedule), true), std::nullopt, draft);
    const auto waiting = look(w, schedule).record.queued.size();
    REQUIRE(waiting > 1);
    const auto fired = firings(w, pipeline).size();
    w.settle();
    THEN("they run all the same") { CHECK(firings(w, pipeline).size() == fired + waiting); }
  }
}

SCENARIO("a due time that cannot start does not stop those behind it", "[simulation][schedule]") {
  world w{9};
  const auto pipeline = w.make_pipeline("p", slow);
  auto record = every_minute(w, pipeline);
  record.overlap = overlap_strategy::queue;
  const auto schedule = add(w, pipeline, record);
  w.settle(next_minute(w.clock.now()) + std::chrono::seconds{290});
  REQUIRE(look(w, schedule).record.queued.size() == 2);
  const auto fired = firings(w, pipeline).size();
  update(w, pipeline, {}, std::string{"parameters: { day: { type: string } }"} + slow);
  w.settle(w.clock.now() + std::chrono::minutes{5});
  CHECK(firings(w, pipeline).size() == fired);
  CHECK(look(w, schedule).record.queued.empty());
  CHECK(look(w, schedule).record.skipped > 0);
  update(w, pipeline, {}, slow);
  w.settle(w.clock.now() + std::chrono::minutes{3});
  THEN("they start again once the definition is mended") { CHECK(firings(w, pipeline).size() > fired); }
}

SCENARIO("whatever is interrupted when, a run that made room for the next one ends", "[simulation][schedule]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("p", slow);
    auto record = every_minute(w, pipeline);
    record.overlap = overlap_strategy::cancel_running;
    const auto schedule = add(w, pipeline, record);
    for (int round = 0; round < 6; ++round) {
      (void)w.node->pass_time();
      for (auto steps = w.random.next() % 20; steps > 0; --steps) w.node->step();
      w.crash();
      w.settle(w.clock.now());
      CHECK(running(w, pipeline) <= 1);
    }
    change(w, look(w, schedule), true);
    w.settle();
    CHECK(busy(w) == 0);
  }
}

SCENARIO("a schedule fires whatever its making meets", "[simulation][schedule]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("p", quick);
    update(w, pipeline, enabling(false));
    const auto record = every_minute(w, pipeline);
    std::optional<result<schedule_view>> made;
    w.node->submit(pipeline.raw,
                   pipeline_command{schedule_created{record, {}, {}, [&](auto r) { made = std::move(r); }}});
    for (auto steps = w.random.next() % 6; steps > 0; --steps) w.node->step();
    update(w, pipeline, enabling(true));
    REQUIRE(made);
    REQUIRE(*made);
    CHECK(look(w, **made).record.next_at);
  }
}

SCENARIO("what was missed while paused is dropped or caught up as the schedule says", "[simulation][schedule]") {
  world w{2};
  const auto pipeline = w.make_pipeline("p", quick);
  auto record = every_minute(w, pipeline);
  const auto missed = [&](catchup_strategy strategy, std::uint32_t newest) {
    record.catchup = strategy;
    record.catchup_runs = newest;
    const auto schedule = add(w, pipeline, record);
    const auto paused = change(w, schedule, true);
    CHECK(!paused.record.next_at);
    w.clock.advance(std::chrono::minutes{10});
    const auto resumed = change(w, paused, false);
    CHECK(resumed.record.next_at == next_minute(w.clock.now()));
    w.settle(w.clock.now());
    return firings(w, pipeline).size();
  };
  // The due time of this very minute is late by less than a minute, and so not missed.
  WHEN("it goes on with the present") { CHECK(missed(catchup_strategy::skip_to_current, 1) <= 1); }
  WHEN("it runs all") { CHECK(missed(catchup_strategy::run_all, 1) == 10); }
  WHEN("it runs the newest three") { CHECK(missed(catchup_strategy::run_latest, 3) == 3); }
}

SCENARIO("a pipeline's own schedule follows its field", "[simulation][schedule]") {
  world w{3};
  const auto pipeline = w.make_pipeline("p", quick);
  const auto patch = [&](std::optional<std::optional<std::string>> cron, std::optional<bool> enabled) {
    return w.must<pipeline_view>(pipeline.raw, [&](reply<pipeline_view> done) {
      update_pipeline command;
      command.who.workspace = default_workspace;
      command.patch.schedule = cron;
      command.patch.enabled = enabled;
      command.done = std::move(done);
      return pipeline_command{std::move(command)};
    });
  };
  const auto own = [&] {
    return schedule_reads{w.node->around()}.schedule(default_workspace, own_schedule_id(pipeline));
  };
  CHECK(!own());
  patch(std::optional<std::string>{"* * * * *"}, std::nullopt);
  REQUIRE(own());
  CHECK(own()->record.own);
  REQUIRE(own()->record.next_at);
  const reads reader{w.node->around()};
  CHECK(reader.pipeline(default_workspace, pipeline)->next_run_at == own()->record.next_at);
  CHECK(reader.pipelines(default_workspace, {}, {}).entries.front().next_run_at == own()->record.next_at);
  w.settle(w.clock.now() + std::chrono::minutes{3});
  const auto fired = firings(w, pipeline).size();
  CHECK(fired == 3);
  WHEN("the pipeline is paused") {
    patch(std::nullopt, false);
    w.settle(w.clock.now() + std::chrono::minutes{3});
    THEN("nothing fires until it is resumed") {
      CHECK(firings(w, pipeline).size() == fired);
      patch(std::nullopt, true);
      w.settle(w.clock.now() + std::chrono::minutes{2});
      CHECK(firings(w, pipeline).size() > fired);
    }
  }
  WHEN("the field is taken away") {
    patch(std::optional<std::string>{}, std::nullopt);
    CHECK(!own());
    w.settle();
    CHECK(firings(w, pipeline).size() == fired);
  }
  WHEN("the pipeline is deleted") {
    w.must<void>(pipeline.raw, [&](reply<void> done) {
      return pipeline_command{delete_pipeline{caller{default_workspace, {}, 0}, std::move(done)}};
    });
    w.settle();
    THEN("nothing of its schedules is left") {
      for (partition_id p = 1; p <= 3; ++p) {
        CHECK(entries(w, family::timers, keys::timers_prefix(p)) == 0);
        CHECK(entries(w, family::index, keys::index_of_partition(p, keys::index_kind::schedules_of_workspace)) == 0);
        CHECK(w.node->state().counter(family::counters, keys::counter_of(p, keys::counter_kind::schedules_of_workspace,
                                                                         default_workspace.raw)) == 0);
      }
    }
  }
}

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

SCENARIO("each end of an upstream counts once, however many are told again", "[simulation][dependency]") {
  for (const auto seed : simulation::seeds(10)) {
    CAPTURE(seed);
    world w{seed};
    const auto a = w.make_pipeline("a", quick);
    const auto b = w.make_pipeline("b", quick);
    dependency_record record;
    record.id = dependency_id{make_uuid7(w.clock.now(), 0, w.random.next())};
    record.workspace = default_workspace;
    record.upstream = a;
    record.downstream = b;
    w.must<void>(system_entity, [&](reply<void> done) {
      return system_change{[record](system_draft& d, timestamp) { return add_dependency(d, record); }, std::move(done)};
    });
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

SCENARIO("a schedule keeps to its calendar as it stands when a time comes due", "[simulation][schedule]") {
  world w{6};
  const auto pipeline = w.make_pipeline("p", quick);
  const auto rest_on = [&](std::vector<std::string> days) {
    calendar_record calendar;
    calendar.workspace = default_workspace;
    calendar.name = "plant";
    calendar.days = std::move(days);
    w.node->submit(system_entity, system_change{[calendar](system_draft& d, timestamp) {
                                                  d.put(calendar);
                                                  return result<void>{};
                                                },
                                                [](result<void> r) { REQUIRE(r); }});
    w.settle(w.clock.now());
  };
  const auto noon = [&](int days) {
    return timestamp{std::chrono::floor<std::chrono::days>(w.clock.now()) + std::chrono::days{days} +
                     std::chrono::hours{12}};
  };
  const auto date = [](timestamp t) { return to_rfc3339(t).substr(0, 10); };
  // Timers that are days away are looked for as the days go by.
  const auto go_to = [&](timestamp t) {
    w.clock.set(t);
    w.settle(t);
  };
  const auto first = noon(1);
  const auto second = noon(2);
  rest_on({});
  auto record = every_minute(w, pipeline);
  record.cron = "0 12 * * *";
  record.skip_holidays = true;
  record.calendar = "plant";
  const auto schedule = add(w, pipeline, record);
  CHECK(schedule.record.next_at == first);
  WHEN("a holiday is declared after the schedule was made") {
    rest_on({date(first)});
    CHECK(look(w, schedule).record.next_at == second);
    go_to(second);
    THEN("it rests that day, and that is nothing skipped") {
      CHECK(firings(w, pipeline) == std::map<timestamp, int>{{second, 1}});
      CHECK(look(w, schedule).record.skipped == 0);
    }
  }
  WHEN("a holiday is taken back before it comes") {
    rest_on({date(second)});
    go_to(first);
    CHECK(look(w, schedule).record.next_at == second + std::chrono::days{1});
    rest_on({});
    go_to(second);
    THEN("it runs that day") { CHECK(firings(w, pipeline) == std::map<timestamp, int>{{first, 1}, {second, 1}}); }
  }
}

SCENARIO("a schedule made while its pipeline is being switched on has a due time", "[simulation][schedule]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    world w{seed};
    const auto pipeline = w.make_pipeline("p", quick);
    const auto enable = [&](bool enabled) {
      update_pipeline command;
      command.who.workspace = default_workspace;
      command.patch.enabled = enabled;
      command.done = [](result<pipeline_view> r) { REQUIRE(r); };
      w.node->submit(pipeline.raw, pipeline_command{std::move(command)});
    };
    enable(false);
    w.settle(w.clock.now());
    std::optional<schedule_view> made;
    w.node->submit(pipeline.raw, pipeline_command{schedule_created{
                                   every_minute(w, pipeline), {}, {}, [&](result<schedule_view> r) { made = *r; }}});
    // It is not in the store yet.
    enable(true);
    w.settle(w.clock.now());
    REQUIRE(made);
    CHECK(look(w, *made).record.next_at == next_minute(w.clock.now()));
  }
}

SCENARIO("a pipeline that rests has no next due time", "[simulation][schedule]") {
  world w{7};
  const auto pipeline = w.make_pipeline("p", quick);
  const auto schedule = add(w, pipeline, every_minute(w, pipeline));
  const auto enable = [&](bool enabled) {
    w.must<pipeline_view>(pipeline.raw, [&](reply<pipeline_view> done) {
      update_pipeline command;
      command.who.workspace = default_workspace;
      command.patch.enabled = enabled;
      command.done = std::move(done);
      return pipeline_command{std::move(command)};
    });
  };
  enable(false);
  CHECK(!look(w, schedule).record.next_at);
  w.settle(w.clock.now() + std::chrono::minutes{5});
  CHECK(firings(w, pipeline).empty());
  enable(true);
  CHECK(look(w, schedule).record.next_at == next_minute(w.clock.now()));
}
