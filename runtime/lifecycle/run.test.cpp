#include "runtime/lifecycle/run.hpp"

#include "runtime/lifecycle/run_bench.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace penstock;

SCENARIO("tasks begin when all they need succeeded, independent ones together", "[run]") {
  run_bench b{{task("a"), task("b"), task("c", {0, 1}), task("d", {2})}};
  CHECK(b.started(b.tell(begin_run{})) == names{"a", "b"});
  CHECK(b.started(b.tell(run_bench::ended(1))).empty());
  CHECK(b.started(b.tell(run_bench::ended(0))) == names{"c"});
  CHECK(b.started(b.tell(run_bench::ended(2))) == names{"d"});
  CHECK(b.ends == 0);
  b.tell(run_bench::ended(3));
  CHECK(b.run.header.status == run_status::succeeded);
  CHECK(b.ends == 1);
}

SCENARIO("a late or repeated report changes nothing", "[run]") {
  run_bench b{{task("a"), task("b", {0})}};
  b.tell(begin_run{});
  b.tell(run_bench::ended(0));
  CHECK(b.tell(run_bench::ended(0)).empty());
  CHECK(b.tell(run_bench::ended(0, no_item, attempt_outcome::failed)).empty());
  CHECK(b.tell(run_bench::ended(1, no_item, attempt_outcome::succeeded, 2)).empty());
  CHECK(b.tell(run_bench::ended(99)).empty());
  b.tell(run_bench::ended(1));
  CHECK(b.tell(run_bench::ended(1)).empty());
  CHECK(b.ends == 1);
}

SCENARIO("what stands behind a failure never runs, what does not goes on", "[run]") {
  run_bench b{{task("a"), task("b", {0}), task("c", {1}), task("d"), task("e", {3})}};
  b.tell(begin_run{});
  b.tell(run_bench::ended(0, no_item, attempt_outcome::failed));
  CHECK(b.run.tasks[1].status == task_status::blocked);
  CHECK(b.run.tasks[2].status == task_status::blocked);
  CHECK(b.ends == 0);
  CHECK(b.started(b.tell(run_bench::ended(3))) == names{"e"});
  b.tell(run_bench::ended(4));
  CHECK(b.run.header.status == run_status::failed);
  CHECK(b.run.first_error == "task a: broke");
}

SCENARIO("a task retries until its policy is spent", "[run][retry]") {
  auto flaky = task("a");
  flaky.retry = {.attempts_max = 3, .delay_ms = 500};
  run_bench b{{flaky}};
  b.tell(begin_run{});
  for (std::uint32_t attempt = 1; attempt < 3; ++attempt) {
    b.tell(run_bench::ended(0, no_item, attempt_outcome::failed, attempt));
    REQUIRE(b.timers.size() == 1);
    CHECK(b.timers[0].due == b.now + milliseconds{500});
    CHECK(b.run.tasks[0].status == task_status::waiting);
    CHECK_FALSE(b.run.is_under_way());
    b.now = b.timers[0].due;
    CHECK(b.started(b.tell(b.timers[0])) == names{"a"});
    CHECK(b.timers.empty());
  }
  b.tell(run_bench::ended(0, no_item, attempt_outcome::failed, 3));
  CHECK(b.run.header.status == run_status::failed);
}

SCENARIO("a failure that trying again cannot help is final", "[run][retry]") {
  auto flaky = task("a");
  flaky.retry = {.attempts_max = 3};
  run_bench b{{flaky}};
  b.tell(begin_run{});
  auto e = run_bench::ended(0, no_item, attempt_outcome::failed);
  e.result.retryable = false;
  b.tell(e);
  CHECK(b.run.header.status == run_status::failed);
  CHECK(b.timers.empty());
}

SCENARIO("a sleep waits in the store alone and ends when its timer fires", "[run]") {
  auto sleep = task("a", {}, task_type::sleep);
  sleep.config.set("seconds", 2.5);
  run_bench b{{sleep, task("b", {0})}};
  CHECK(b.started(b.tell(begin_run{})).empty());
  REQUIRE(b.timers.size() == 1);
  CHECK(b.timers[0].due == start + milliseconds{2'500});
  CHECK_FALSE(b.run.is_under_way());
  b.crash();
  CHECK(b.tell(resume_run{}).empty());
  const auto timer = b.timers[0];
  CHECK(b.started(b.tell(timer)) == names{"b"});
  CHECK(b.tell(timer).empty());
  b.tell(run_bench::ended(1));
  CHECK(b.ends == 1);
}

SCENARIO("a sleep whose length is no number fails and says what would be right", "[run]") {
  auto sleep = task("a", {}, task_type::sleep);
  sleep.config.set("seconds", "soon");
  run_bench b{{sleep}};
  const auto effects = b.tell(begin_run{});
  REQUIRE(effects.size() == 1);
  const auto& report = std::get<report_failure>(effects[0]);
  CHECK(report.why.message == "seconds must be a number from 0 to 3162240000");
}

SCENARIO("for_each runs once per item, joins, and counts failures", "[run][for_each]") {
  auto fan = task("fan");
  fan.for_each.kind = for_each_kind::count;
  fan.for_each.count = 3;
  run_bench b{{fan, task("after", {0})}};
  CHECK(b.started(b.tell(begin_run{})) == names{"fan:0", "fan:1", "fan:2"});
  b.tell(run_bench::ended(0, 1));
  b.tell(run_bench::ended(0, 0));
  WHEN("all items succeed") {
    CHECK(b.started(b.tell(run_bench::ended(0, 2))) == names{"after"});
    b.tell(run_bench::ended(1));
    THEN("the run succeeds") { CHECK(b.run.header.status == run_status::succeeded); }
  }
  WHEN("one fails") {
    b.tell(run_bench::ended(0, 2, attempt_outcome::failed));
    THEN("the task fails and says how many") {
      CHECK(b.run.header.status == run_status::failed);
      CHECK(b.run.first_error == "task fan: 1 of 3 items failed, the first with: broke");
    }
  }
}

SCENARIO("a for_each task began with the first of its items, whatever crashes", "[run][for_each]") {
  auto fan = task("fan");
  fan.for_each.kind = for_each_kind::count;
  fan.for_each.count = 3;
  const bool crashes = GENERATE(false, true);
  run_bench b{{fan}};
  b.tell(begin_run{});
  const auto end = [&](std::uint32_t item, milliseconds began) {
    auto e = run_bench::ended(0, item);
    e.result.started_at = start + began;
    e.result.ended_at = start + began + milliseconds{10};
    b.tell(e);
  };
  end(1, milliseconds{7});
  end(0, milliseconds{5});
  if (crashes) {
    b.crash();
    b.tell(resume_run{});
  }
  CHECK_FALSE(b.stored.contains({0, no_item})); // No record of its own before it ends.
  end(2, milliseconds{9});
  CHECK(b.run.header.status == run_status::succeeded);
  CHECK(b.stored.at({0, no_item}).record.started_at == start + milliseconds{5});
}

SCENARIO("for_each over nothing succeeds at once", "[run][for_each]") {
  auto fan = task("fan");
  fan.for_each.kind = for_each_kind::list;
  fan.for_each.items = value::list{};
  run_bench b{{fan, task("after", {0})}};
  CHECK(b.started(b.tell(begin_run{})) == names{"after"});
  CHECK_FALSE(b.stored.at({0, no_item}).record.started_at); // No item ever began.
  b.tell(run_bench::ended(1));
  CHECK(b.run.header.status == run_status::succeeded);
}

SCENARIO("for_each over a table reads its rows first", "[run][for_each]") {
  auto fan = task("fan", {0}, task_type::shell);
  fan.for_each.kind = for_each_kind::table;
  fan.for_each.table = 0;
  run_bench b{{task("rows"), fan}};
  b.tell(begin_run{});
  const auto effects = b.tell(run_bench::ended(0));
  REQUIRE(effects.size() == 1);
  CHECK(std::get<start_attempt>(effects[0]).ref.item == expand_item);
  auto read = run_bench::ended(1, expand_item);
  read.result.items = value::list{value{}.set("n", 1), value{}.set("n", 2)};
  CHECK(b.started(b.tell(read)) == names{"fan:0", "fan:1"});
  b.tell(run_bench::ended(1, 0));
  b.crash();
  CHECK(b.started(b.tell(resume_run{})) == names{"fan:1"});
  b.tell(run_bench::ended(1, 1));
  CHECK(b.run.header.status == run_status::succeeded);
}

SCENARIO("a child run is asked for with an id that a repeat finds again", "[run][child]") {
  auto child = task("child", {}, task_type::run_pipeline);
  child.config.set("pipeline", "other");
  run_bench b{{child}};
  const auto first = std::get<start_child>(b.tell(begin_run{}).at(0));
  CHECK(first.child.slot() == b.child_pipeline.slot());
  b.crash();
  const auto again = std::get<start_child>(b.tell(resume_run{}).at(0));
  CHECK(again.child == first.child);
  b.tell(child_ended{0, no_item, run_id{}, run_status::succeeded, {}});
  CHECK(b.ends == 0);
  b.tell(child_ended{0, no_item, first.child, run_status::succeeded, {}});
  CHECK(b.run.header.status == run_status::succeeded);
}

SCENARIO("a name of a pipeline means the same for as long as the run lasts", "[run][child]") {
  auto child = task("child", {0}, task_type::run_pipeline);
  child.config.set("pipeline", "other");
  child.retry.attempts_max = 2;
  run_bench b{{task("a"), child}};
  b.tell(begin_run{});
  const auto first = b.child_pipeline;
  CHECK(b.header.callees == std::vector{callee{"other", first}});
  b.child_pipeline = pipeline_id{make_uuid7(start, 78, 6)};
  const auto asked = std::get<start_child>(b.tell(run_bench::ended(0)).at(0));
  CHECK(asked.pipeline == first);
  b.crash();
  CHECK(std::get<start_child>(b.tell(resume_run{}).at(0)).child == asked.child);
  b.tell(child_ended{1, no_item, asked.child, run_status::failed, "broke"});
  REQUIRE(b.timers.size() == 1);
  CHECK(std::get<start_child>(b.tell(b.timers[0]).at(0)).pipeline == first);
  CHECK(b.header.callees.size() == 1);
}

SCENARIO("a child's end that is told twice does not count for the next attempt", "[run][child]") {
  auto child = task("child", {}, task_type::run_pipeline);
  child.config.set("pipeline", "other");
  child.retry.attempts_max = 2;
  child.pool = "few";
  run_bench b{{child}};
  const auto first = std::get<start_child>(b.tell(begin_run{}).at(0));
  const child_ended end{0, no_item, first.child, run_status::failed, "broke"};
  b.tell(end);
  b.limited = {"few"};
  b.tell(b.timers.at(0));
  b.tell(end);
  CHECK(b.ends == 0);
}

SCENARIO("when a cancelled run ends it stops its attempts, timers and children, and only once", "[run][cancel]") {
  auto sleep = task("s", {}, task_type::sleep);
  sleep.config.set("seconds", 60);
  auto child = task("child", {}, task_type::run_pipeline);
  child.config.set("pipeline", "other");
  run_bench b{{task("a"), sleep, child, task("b", {0})}};
  b.tell(begin_run{});
  const auto effects = b.tell(cancel_run{"someone"});
  CHECK(std::holds_alternative<stop_attempts>(effects.at(0)));
  CHECK(b.timers.empty());
  REQUIRE(b.messages.size() == 1);
  CHECK(std::holds_alternative<cancel_run>(b.messages[0].what));
  CHECK(b.run.header.status == run_status::cancelled);
  CHECK(b.tell(run_bench::ended(0)).empty());
  run_context context{b.now, 0, {}};
  CHECK(decide(b.run, cancel_run{}, context).error().code == errc::invalid_transition);
}

SCENARIO("a run beyond its timeout fails and says so", "[run]") {
  run_bench b{{task("a")}};
  auto limited = b.graph->definition;
  limited.timeout_ms = 30'000;
  b.graph = bind_plan(limited);
  b.crash();
  b.tell(begin_run{});
  REQUIRE(b.timers.size() == 1);
  CHECK(b.timers[0].due == start + milliseconds{30'000});
  b.tell(b.timers[0]);
  CHECK(b.run.header.status == run_status::failed);
  CHECK(b.run.first_error == "the run did not end within its timeout of 30 s");
}

SCENARIO("a task whose condition is false is skipped with all behind it", "[run]") {
  auto maybe = task("maybe");
  maybe.when = "{{ params.wanted }}";
  run_bench b{{maybe, task("b", {0}), task("c")}, value{}.set("wanted", false)};
  CHECK(b.started(b.tell(begin_run{})) == names{"c"});
  b.tell(run_bench::ended(2));
  CHECK(b.run.header.status == run_status::succeeded);
  CHECK(b.run.tasks[1].status == task_status::skipped);
}

SCENARIO("no more than the window is under way, and the rest follows one by one", "[run][for_each]") {
  auto fan = task("fan");
  fan.for_each.kind = for_each_kind::count;
  fan.for_each.count = outstanding_max + 5;
  run_bench b{{fan}};
  CHECK(b.started(b.tell(begin_run{})).size() == outstanding_max);
  CHECK(b.started(b.tell(run_bench::ended(0, 7))) == names{"fan:" + std::to_string(outstanding_max)});
  b.crash();
  CHECK(b.started(b.tell(resume_run{})).size() == outstanding_max);
}

SCENARIO("whatever the graph, the order of events and the crashes, a run ends once and each task has one result",
         "[run][random]") {
  const auto seed = GENERATE(range(1, 400));
  CAPTURE(seed);
  seeded_random random{static_cast<std::uint64_t>(seed)};
  std::vector<task_spec> tasks;
  const auto count = 1 + random.next() % 12;
  for (task_index i = 0; i < count; ++i) {
    std::set<task_index> needs;
    for (task_index n = 0; n < i; ++n)
      if (random.next() % 4 == 0) needs.insert(n);
    auto t = task("t" + std::to_string(i), {needs.begin(), needs.end()});
    t.retry = {.attempts_max = static_cast<std::uint32_t>(1 + random.next() % 3), .delay_ms = 10};
    if (random.next() % 4 == 0) {
      t.for_each.kind = for_each_kind::count;
      t.for_each.count = static_cast<std::uint32_t>(random.next() % 4);
    }
    if (random.next() % 6 == 0) {
      t.type = task_type::sleep;
      t.config.set("seconds", 1);
    }
    tasks.push_back(std::move(t));
  }
  run_bench b{tasks};
  std::vector<attempt_ref> open;
  const auto take = [&](const std::vector<run_effect>& effects) {
    for (const auto& e : effects)
      if (const auto* s = std::get_if<start_attempt>(&e)) open.push_back(s->ref);
  };
  take(b.tell(begin_run{}));
  for (int step = 0; step < 2'000 && b.ends == 0; ++step) {
    const auto dice = random.next() % 10;
    if (dice == 0) {
      open.clear();
      b.crash();
      take(b.tell(resume_run{}));
    } else if (dice < 4 && !b.timers.empty()) {
      const auto timer = b.timers[random.next() % b.timers.size()];
      b.now = std::max(b.now, timer.due);
      take(b.tell(timer));
    } else if (!open.empty()) {
      const auto at = random.next() % open.size();
      const auto ref = open[at];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
      take(b.tell(run_bench::ended(ref.task, ref.item,
                                   random.next() % 5 == 0 ? attempt_outcome::failed : attempt_outcome::succeeded,
                                   ref.attempt)));
    }
  }
  REQUIRE(b.ends == 1);
  CHECK(b.timers.empty());
  std::vector<std::optional<task_status>> recorded(b.graph->size());
  for (const auto& [key, s] : b.stored)
    if (s.item == no_item) recorded[s.task] = s.record.status;
  const auto statuses = derive_statuses(*b.graph, b.run.header.status, recorded);
  bool any_failed = false;
  for (task_index i = 0; i < b.graph->size(); ++i) {
    CHECK(is_terminal(statuses[i]));
    CHECK(statuses[i] == b.run.tasks[i].status);
    any_failed |= statuses[i] == task_status::failed;
  }
  CHECK((b.run.header.status == run_status::failed) == any_failed);
}

SCENARIO("a table is wanted by those that look at it, not by those that only wait", "[run][table]") {
  GIVEN("a task of each type behind one task each") {
    task_spec checked = task("checked", {0}, task_type::http);
    checked.checks = {{"some", "select true"}};
    task_spec items = task("items", {0}, task_type::run_pipeline);
    items.for_each.kind = for_each_kind::table;
    for (const auto& [reader, reads] :
         {std::pair{task("x", {0}, task_type::http), false}, std::pair{task("x", {0}, task_type::noop), false},
          std::pair{task("x", {0}, task_type::sleep), false}, std::pair{task("x", {0}, task_type::run_pipeline), false},
          std::pair{task("x", {0}, task_type::shell), true}, std::pair{task("x", {0}, task_type::sql), true},
          std::pair{task("x", {0}, task_type::sink), true}, std::pair{checked, true}, std::pair{items, true}}) {
      plan p;
      p.tasks = {task("call", {}, task_type::http), reader};
      const auto graph = bind_plan(std::move(p));
      THEN("its reader type " + std::string(to_text(reader.type)) + " decides, for " + reader.id) {
        CHECK(graph->is_table_read[0] == reads);
        CHECK_FALSE(graph->is_table_read[1]);
      }
    }
  }
}

SCENARIO("children with large parameters begin a few at a time", "[run][for_each]") {
  auto fan = task("fan", {}, task_type::run_pipeline);
  fan.for_each.kind = for_each_kind::count;
  fan.for_each.count = 200;
  fan.config = value::object{{"pipeline", "p"}, {"parameters", value::object{{"big", std::string(1u << 20, 'x')}}}};
  run_bench b{{fan}};
  auto effects = b.tell(begin_run{});
  CHECK(effects.size() == 16);
  std::size_t begun = effects.size();
  for (std::vector<run_effect> waiting = std::move(effects); !waiting.empty();) {
    const auto* child = std::get_if<start_child>(&waiting.back());
    if (!child) break;
    const child_ended over{child->task, child->item, child->child, run_status::succeeded, {}};
    waiting.pop_back();
    for (auto& e : b.tell(over)) {
      if (std::holds_alternative<start_child>(e)) ++begun;
      waiting.push_back(std::move(e));
    }
  }
  CHECK(begun == 200);
  CHECK(b.header.status == run_status::succeeded);
}
