#include "actors/core/partition_bench.hpp"

using namespace penstock;
using bench = partition_bench;

SCENARIO("while a partition is behind, deciding goes before doing", "[partition]") {
  bench b{1};
  const auto id = b.make_pipeline();
  for (int i = 0; i < 4; ++i) b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  auto late = std::vector<std::unique_ptr<proposal>>{};
  for (int i = 0; i < 2; ++i) {
    late.insert(late.begin(), std::move(b.decided.back()));
    b.decided.pop_back();
  }
  b.hand_over();
  b.sync();
  REQUIRE(b.answers.size() == 2);
  CHECK(b.offered.empty());
  WHEN("the rest is decided") {
    b.decided = std::move(late);
    b.settle();
    CHECK(b.offered.size() == 4);
  }
  WHEN("it stays behind for long") {
    b.partition->sweep();
    CHECK(b.offered.empty());
    b.clock.advance(milliseconds{501});
    b.partition->sweep();
    CHECK(b.offered.size() == 2);
  }
  WHEN("a run is cancelled that was held back") {
    const auto run = b.answers[0]->run.record.id;
    b.partition->submit(run.raw, run_message{cancel_run{"somebody"}, {}, {}, {}}, false);
    b.hand_over();
    b.sync();
    b.decided = std::move(late);
    b.settle();
    CHECK(b.offered.size() == 3);
    for (const auto& ref : b.offered) CHECK(ref.run != run);
  }
}

SCENARIO("schedules of one pipeline that are due together are one commit", "[partition][schedule]") {
  bench b;
  const auto pipelines = std::array{b.make_pipeline(), b.make_pipeline()};
  for (int i = 0; i < 6; ++i) b.make_schedule(pipelines[i % 2]);
  b.forget();
  auto due = b.timers();
  REQUIRE(due.size() == 6);
  CHECK(due[0].owner != uuid{});
  b.clock.advance(due[0].due - b.clock.now());
  const auto fire = [&] {
    b.partition->timers_due(due);
    CHECK(b.decided.size() == 2);
    b.hand_over();
    CHECK(b.log.entries.size() == 2);
    b.settle();
    CHECK(b.offered.size() == 6);
  };
  WHEN("they were not expected") { fire(); }
  WHEN("they were expected") {
    b.partition->timers_soon(due);
    b.settle();
    b.reads.gets = 0;
    fire();
    CHECK(b.reads.gets == 0);
  }
  WHEN("their timers were written before these named their pipelines") {
    for (auto& timer : due) timer.owner = {};
    fire();
  }
  // Each is due again; a timer that comes once more decides nothing.
  const auto next = b.timers();
  CHECK(next.size() == 6);
  b.partition->timers_due(due);
  b.settle();
  CHECK(b.offered.size() == 6);
  CHECK(b.timers() == next);
}

SCENARIO("schedules that catch up with much are fired in several commits", "[partition][schedule]") {
  bench b;
  const auto id = b.make_pipeline();
  schedule_record record;
  record.catchup = catchup_strategy::run_all;
  record.overlap = overlap_strategy::cancel_running;
  for (int i = 0; i < 5; ++i) b.make_schedule(id, "* * * * *", record);
  b.forget();
  const auto due = b.timers();
  REQUIRE(due.size() == 5);
  b.clock.advance(milliseconds{3'600'000});
  b.partition->timers_due(due);
  std::size_t born_max = 0;
  while (!b.decided.empty()) {
    for (const auto& p : b.decided) born_max = std::max(born_max, p->born.size());
    b.hand_over();
    b.sync();
  }
  CHECK(born_max >= 100);
  CHECK(born_max <= 200);
  CHECK(b.timers().size() == 5);
}

SCENARIO("timers of schedules whose pipelines are gone are taken out", "[partition][schedule]") {
  bench b;
  const auto id = b.make_pipeline();
  b.make_schedule(id);
  auto due = b.timers();
  due[0].id = make_uuid7(start, 5, 77);
  due.push_back(due[0]);
  due[0].owner = make_uuid7(start, 5, 78);
  due[1].id = make_uuid7(start, 5, 79);
  due[1].owner = {};
  mutation_batch mutations;
  for (const auto& timer : due) mutations.put(family::timers, timer.encode(), timer.owner.view());
  REQUIRE(b.group.propose(start, std::move(mutations)));
  b.sync();
  REQUIRE(b.timers().size() == 3);
  b.partition->timers_due(due);
  b.settle();
  CHECK(b.timers().size() == 1);
}

SCENARIO("so many schedules fire at a time, of all pipelines in turns", "[partition][schedule]") {
  bench b{1'000, 2};
  std::set<uuid> pipelines;
  for (int i = 0; i < 3; ++i) {
    const auto id = b.make_pipeline();
    pipelines.insert(id.raw);
    for (int k = 0; k < 34; ++k) b.make_schedule(id);
  }
  b.forget();
  const auto due = b.timers();
  REQUIRE(due.size() == 102);
  b.clock.advance(due[0].due - b.clock.now());
  b.partition->timers_due(due);
  CHECK(b.schedules_due == 102);
  WHEN("they are committed one after the other") {
    std::vector<uuid> order;
    while (!b.decided.empty()) {
      REQUIRE(b.decided.size() == 1);
      order.push_back(b.decided[0]->entity);
      b.hand_over();
      b.sync();
    }
    REQUIRE(order.size() == 6);
    CHECK(std::set<uuid>(order.begin(), order.begin() + 3) == pipelines);
    CHECK(b.offered.size() == 102);
  }
  WHEN("leadership is lost meanwhile") {
    b.group.lost = true;
    for (int i = 0; i < 6; ++i) b.hand_over();
    CHECK(b.decided.empty());
    CHECK(b.offered.empty());
    CHECK(b.timers() == due);
  }
  CHECK(b.schedules_due == 0);
}
