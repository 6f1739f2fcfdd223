#include "runtime/lifecycle/run.hpp"

#include "runtime/lifecycle/run_bench.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <optional>

using namespace penstock;

namespace {

task_spec pooled(std::string id, std::vector<task_index> needs = {}, task_type type = task_type::noop) {
  auto t = task(std::move(id), std::move(needs), type);
  t.pool = "few";
  return t;
}

run_bench limited_bench(std::vector<task_spec> tasks) {
  run_bench b{std::move(tasks)};
  b.limited = {"few"};
  return b;
}

lease_granted grant(task_index task, std::uint64_t number, std::uint32_t item = no_item, std::uint32_t attempt = 1) {
  return {task, item, attempt, number, {}};
}

std::optional<std::uint64_t> last_released(const run_bench& b) {
  if (b.released.empty()) return std::nullopt;
  return b.released.back().number;
}

} // namespace

SCENARIO("a task of a pool with a limit begins when it is granted a lease, and gives it back with its end",
         "[run][pool]") {
  auto b = limited_bench({pooled("a"), task("b"), pooled("c", {0})});
  const auto effects = b.tell(begin_run{});
  CHECK(b.started(effects) == names{"b"});
  CHECK(b.asked(effects) == names{"a/1"});
  CHECK(b.run.is_under_way());
  CHECK(b.started(b.tell(grant(0, 7))) == names{"a"});
  CHECK(b.stored.at({0, no_item}).record.status == task_status::running);
  CHECK(b.asked(b.tell(run_bench::ended(0))) == names{"c/1"});
  CHECK(last_released(b) == 7);
  b.tell(grant(2, 8));
  b.tell(run_bench::ended(2));
  CHECK(last_released(b) == 8);
  b.tell(run_bench::ended(1));
  CHECK(b.run.header.status == run_status::succeeded);
  CHECK(b.pools_left.empty());
}

SCENARIO("a pool without a limit costs nothing", "[run][pool]") {
  run_bench b{{pooled("a")}};
  const auto effects = b.tell(begin_run{});
  CHECK(b.started(effects) == names{"a"});
  CHECK(b.asked(effects).empty());
  CHECK(b.stored.empty());
  // A limit that is made later does not count for it.
  b.limited = {"few"};
  b.tell(run_bench::ended(0));
  CHECK(b.released.empty());
  CHECK(b.run.header.status == run_status::succeeded);
}

SCENARIO("a pool whose limit was taken away lets begin without a lease", "[run][pool]") {
  auto b = limited_bench({pooled("a")});
  b.tell(begin_run{});
  CHECK(b.started(b.tell(grant(0, 0))) == names{"a"});
  b.tell(run_bench::ended(0));
  CHECK(b.released.empty());
  CHECK(b.pools_left.empty());
}

SCENARIO("a lease that nobody waits for is given back, but not the one that is held", "[run][pool]") {
  auto b = limited_bench({pooled("a"), pooled("b", {0})});
  b.tell(begin_run{});
  b.tell(grant(0, 7));
  CHECK(b.tell(grant(0, 7)).empty());
  CHECK(b.released.empty());
  CHECK(b.tell(grant(0, 9)).empty());
  CHECK(last_released(b) == 9);
  b.tell(grant(1, 10));
  CHECK(last_released(b) == 10);
  b.tell(run_bench::ended(0));
  b.tell(grant(0, 11));
  CHECK(last_released(b) == 11);
  b.tell(grant(1, 12));
  b.tell(run_bench::ended(1));
  REQUIRE(b.ends == 1);
  b.tell(grant(1, 13));
  CHECK(last_released(b) == 13);
}

SCENARIO("a lease is given back for the time between two attempts", "[run][pool][retry]") {
  auto flaky = pooled("a");
  flaky.retry = {.attempts_max = 2, .delay_ms = 500};
  auto b = limited_bench({flaky});
  b.tell(begin_run{});
  b.tell(grant(0, 7));
  b.tell(run_bench::ended(0, no_item, attempt_outcome::failed));
  CHECK(last_released(b) == 7);
  CHECK_FALSE(b.run.is_under_way());
  const auto effects = b.tell(b.timers.at(0));
  CHECK(b.asked(effects) == names{"a/2"});
  CHECK(b.started(effects).empty());
  CHECK(b.stored.at({0, no_item}).record.status == task_status::pending);
  // What was granted to the attempt before is not this one's.
  b.tell(grant(0, 8));
  CHECK(last_released(b) == 8);
  CHECK(b.started(b.tell(grant(0, 9, no_item, 2))) == names{"a"});
  b.tell(run_bench::ended(0, no_item, attempt_outcome::succeeded, 2));
  CHECK(last_released(b) == 9);
  CHECK(b.ends == 1);
}

SCENARIO("after a crash what waited for a lease asks again, what held one begins with it", "[run][pool]") {
  auto fan = pooled("fan");
  fan.for_each.kind = for_each_kind::count;
  fan.for_each.count = 3;
  auto b = limited_bench({pooled("a"), fan});
  CHECK(b.asked(b.tell(begin_run{})) == names{"a/1", "fan:0/1", "fan:1/1", "fan:2/1"});
  b.tell(grant(0, 5));
  b.tell(grant(1, 6, 0));
  b.tell(run_bench::ended(1, 0));
  b.crash();
  const auto effects = b.tell(resume_run{});
  CHECK(b.started(effects) == names{"a"});
  CHECK(b.asked(effects) == names{"fan:1/1", "fan:2/1"});
  // The pool grants it again when it is read from the store.
  CHECK(b.tell(grant(0, 5)).empty());
  CHECK(last_released(b) == 6);
  b.tell(run_bench::ended(0));
  CHECK(last_released(b) == 5);
}

SCENARIO("a sleep holds its lease for as long as it lasts, also through a crash", "[run][pool]") {
  auto sleep = pooled("a", {}, task_type::sleep);
  sleep.config.set("seconds", 5);
  auto b = limited_bench({sleep});
  CHECK(b.timers.empty());
  b.tell(begin_run{});
  CHECK(b.timers.empty());
  b.tell(grant(0, 7));
  REQUIRE(b.timers.size() == 1);
  CHECK_FALSE(b.run.is_under_way());
  b.crash();
  CHECK(b.tell(resume_run{}).empty());
  b.tell(grant(0, 7));
  CHECK(b.released.empty());
  b.tell(b.timers[0]);
  CHECK(last_released(b) == 7);
  CHECK(b.ends == 1);
}

SCENARIO("a run that ends leaves every pool that it holds leases of or waits for", "[run][pool][cancel]") {
  auto other = pooled("c");
  other.pool = "other";
  auto b = limited_bench({pooled("a"), pooled("b"), other, task("d")});
  b.limited.insert("other");
  b.tell(begin_run{});
  b.tell(grant(0, 7));
  b.tell(cancel_run{"someone"});
  CHECK(b.pools_left == names{"few", "other"});
  CHECK(b.run.leases.empty());
  b.tell(grant(1, 8));
  CHECK(last_released(b) == 8);
  // Also when it is read from the store: the pool may not have heard that it left.
  b.crash();
  b.tell(grant(0, 7));
  CHECK(last_released(b) == 7);
}

SCENARIO("a child that began without a lease is known to a cancel while its task waits for one", "[run][pool][child]") {
  auto child = pooled("child", {}, task_type::run_pipeline);
  child.config.set("pipeline", "other");
  run_bench b{{child}};
  const auto first = std::get<start_child>(b.tell(begin_run{}).at(0));
  b.limited = {"few"};
  b.crash();
  CHECK(b.asked(b.tell(resume_run{})) == names{"child/1"});
  WHEN("the run is cancelled") {
    b.tell(cancel_run{"someone"});
    REQUIRE(b.messages.size() == 1);
    CHECK(b.messages[0].to == first.child);
    CHECK(b.messages[0].through == first.pipeline);
  }
  WHEN("the child ends") {
    b.tell(child_ended{0, no_item, first.child, run_status::succeeded, {}});
    CHECK(b.run.header.status == run_status::succeeded);
    CHECK(b.run.asked == 0);
  }
}

SCENARIO("a fan keeps all its leases through a crash, however many they are", "[run][pool][for_each]") {
  constexpr std::uint32_t held = asked_items_max + 500;
  auto fan = pooled("fan", {}, task_type::run_pipeline);
  fan.config.set("pipeline", "other");
  fan.for_each.kind = for_each_kind::count;
  fan.for_each.count = held + 2 * asked_items_max;
  auto b = limited_bench({fan});
  b.tell(begin_run{});
  // Not the first ones: who holds must not wait behind who asks.
  for (std::uint32_t i = asked_items_max; i-- > 0;) b.tell(grant(0, 10'000 + i, i));
  for (std::uint32_t i = 0; i < asked_items_max; ++i)
    if (i >= 500) b.tell(grant(0, 10'000 + asked_items_max + i, asked_items_max + i));
  b.crash();
  const auto effects = b.tell(resume_run{});
  std::vector<start_child> children;
  for (const auto& e : effects)
    if (const auto* c = std::get_if<start_child>(&e)) children.push_back(*c);
  CHECK(children.size() == held);
  CHECK(b.asked(effects).size() == asked_items_max);
  for (const auto& c : children) b.tell(grant(0, 10'000 + c.item, c.item));
  CHECK(b.released.empty());
  for (const auto& c : children) b.tell(child_ended{0, c.item, c.child, run_status::succeeded, {}});
  CHECK(b.released.size() == held);
  CHECK(b.run.tasks[0].fan->ended == held);
}

SCENARIO("the end of a child that was not asked for again yet changes nothing", "[run][child][for_each]") {
  auto one = task("one", {}, task_type::run_pipeline);
  one.config.set("pipeline", "other");
  one.for_each.kind = for_each_kind::count;
  one.for_each.count = outstanding_max;
  auto two = one;
  two.id = "two";
  two.for_each.count = 2;
  run_bench b{{one, two}};
  b.tell(begin_run{});
  const auto child = child_run_id(b.header, 1, 0, 1, b.child_pipeline);
  CHECK_FALSE(b.run.tasks[1].fan->children.contains(0));
  b.crash();
  b.tell(resume_run{});
  b.tell(child_ended{1, 0, child, run_status::succeeded, {}});
  CHECK(b.run.tasks[1].fan->ended == 0);
  CHECK(b.run.tasks[1].fan->has_more());
}

SCENARIO("what waits for a pool leaves room for what does not", "[run][pool][for_each]") {
  auto fan = pooled("fan");
  fan.for_each.kind = for_each_kind::count;
  fan.for_each.count = 20'000;
  auto free = task("free");
  free.for_each.kind = for_each_kind::count;
  free.for_each.count = 3;
  auto b = limited_bench({fan, free});
  const auto effects = b.tell(begin_run{});
  CHECK(b.asked(effects).size() == asked_items_max);
  CHECK(b.started(effects) == names{"free:0", "free:1", "free:2"});
  CHECK(b.asked(b.tell(grant(0, 7, 3))) == names{"fan:1000/1"});
  CHECK(b.asked(b.tell(ask_again{})).size() == asked_items_max);
}

SCENARIO("a new priority counts for what waits, and comes too late for a run that has ended", "[run][priority]") {
  auto own = pooled("own");
  own.priority = task_priority::low;
  own.priority_given = true;
  auto b = limited_bench({pooled("a"), own, task("b")});
  b.tell(begin_run{});
  CHECK(priority_of(b.run.header, b.graph->task(0)) == task_priority::normal);
  const auto effects = b.tell(set_priority{task_priority::high});
  CHECK(b.asked(effects) == names{"a/1", "own/1"});
  CHECK(std::holds_alternative<reorder_attempts>(effects.at(0)));
  CHECK(priority_of(b.run.header, b.graph->task(0)) == task_priority::high);
  CHECK(priority_of(b.run.header, b.graph->task(1)) == task_priority::low);
  CHECK(b.tell(set_priority{task_priority::high}).empty());
  b.tell(cancel_run{"someone"});
  run_context context{b.now, 0, {}};
  CHECK(decide(b.run, set_priority{task_priority::low}, context).error().code == errc::invalid_transition);
}

SCENARIO("a task that waits for its pool is pending for those who look", "[run][pool]") {
  auto b = limited_bench({pooled("a"), task("b"), pooled("c", {0})});
  const auto is_limited = [](const std::string& pool) { return pool == "few"; };
  using s = task_status;
  CHECK(derive_statuses(*b.graph, run_status::running, {{}, {}, {}}, is_limited) ==
        std::vector{s::pending, s::running, s::pending});
  CHECK(derive_statuses(*b.graph, run_status::running, {s::running, {}, {}}, is_limited) ==
        std::vector{s::running, s::running, s::pending});
  CHECK(derive_statuses(*b.graph, run_status::running, {{}, {}, {}}) ==
        std::vector{s::running, s::running, s::pending});
}
