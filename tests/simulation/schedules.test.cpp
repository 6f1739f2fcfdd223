#include "tests/simulation/count_check.hpp"
#include "tests/simulation/starters_bench.hpp"

using namespace penstock;
using namespace penstock::simulation;

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
      change(w, after, std::nullopt, seldom());
      w.crash();
      w.settle(w.clock.now() + std::chrono::minutes{10});
      CHECK(firings(w, pipeline).size() == 6);
      CHECK(look(w, after).record.queued.empty());
    }
    THEN("while it is paused they wait on, also over a crash, and run when it is resumed") {
      change(w, after, true);
      w.crash();
      w.settle();
      CHECK(running(w, pipeline) == 0);
      CHECK(firings(w, pipeline).size() == 3);
      CHECK(look(w, after).record.queued.size() == 3);
      change(w, after, std::nullopt, seldom());
      w.settle();
      CHECK(firings(w, pipeline).size() == 3);
      change(w, after, false);
      w.settle(w.clock.now() + std::chrono::minutes{10});
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
    draft = seldom();
    draft.overlap = overlap_strategy::skip;
    change(w, look(w, schedule), std::nullopt, draft);
    const auto waiting = look(w, schedule).record.queued.size();
    REQUIRE(waiting > 1);
    const auto fired = firings(w, pipeline).size();
    w.settle(w.clock.now() + std::chrono::minutes{10});
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
