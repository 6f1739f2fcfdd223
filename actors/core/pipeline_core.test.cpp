#include "actors/core/pipeline_core.hpp"

#include "actors/core/run_history.hpp"
#include "actors/core/sealed_records.hpp"
#include "runtime/plan/compile.hpp"
#include "storage/memory_store.hpp"
#include "storage/run_keys.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);

constexpr const char* quick = "version: 1\ntasks: [{id: a, type: noop}]\n";

/// One pipeline over a store that is written when told.
struct bench {
  bench() { wake(); }

  /// As after a start: nothing is in memory.
  void wake() {
    plans = std::make_unique<plan_cache>();
    around.emplace(entity_surroundings{*state, seals, *plans, random, engines, 1, &registry});
    core = std::make_unique<pipeline_core>(*around, id);
  }

  std::unique_ptr<proposal> decide(pipeline_command command) { return core->handle(std::move(command), clock.now()); }

  void commit(mutation_batch mutations) {
    std::vector<turn_entry> turn(1);
    turn[0].partition = 1;
    turn[0].index = ++index;
    turn[0].mutations = std::move(mutations);
    REQUIRE(state->write_turn(turn));
  }
  void commit(std::unique_ptr<proposal> p) { commit(std::move(p->mutations)); }

  create_pipeline creation() const {
    auto compiled = compile({definition_format::yaml, quick}, {});
    REQUIRE(compiled);
    create_pipeline command;
    command.record.id = id;
    command.record.workspace = default_workspace;
    command.record.name = "p";
    command.record.created_at = start;
    command.compiled = {{definition_format::yaml, quick}, bind_plan(std::move(compiled->compiled)), {}};
    return command;
  }
  void create() { commit(decide(creation())); }

  /// A run that has ended, and as many keys of its items.
  void add_run(std::uint32_t items) {
    run_record run;
    run.id = run_id{make_uuid7(clock.now(), id.slot(), random.next())};
    run.pipeline = id;
    run.workspace = default_workspace;
    run.status = run_status::succeeded;
    mutation_batch out;
    out.put(family::state, keys::run(run.id), codec::encode(run));
    std::vector<run_history::births> births;
    run_history::born(out, births, 1, run);
    for (const auto& what : births) run_history::count(out, 1, what);
    for (std::uint32_t i = 0; i < items; ++i) out.put(family::state, keys::item(run.id, 0, i), "x");
    commit(std::move(out));
  }

  bool has(family f, const std::string& key) const {
    std::string bytes;
    return state->get(f, key, bytes);
  }
  std::int64_t runs_counted() const {
    const auto base = keys::run_births_of_pipeline(1, id, keys::any_status);
    return state->counter(family::counters, level_key(base, {}, 0));
  }

  manual_clock clock{start};
  seeded_random random{1};
  pipeline_id id{make_uuid7(start, 5, 1)};
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  sealer seals{secret_key{}};
  std::unique_ptr<plan_cache> plans;
  engine_settings engines;
  system_registry registry;
  std::optional<entity_surroundings> around;
  std::unique_ptr<pipeline_core> core;
  std::uint64_t index = 0;
};

delete_pipeline deletion() { return {caller{default_workspace, {}, 0}, {}}; }

std::optional<keys::timer> armed(const proposal& p) {
  for (const auto& effect : p.effects)
    if (const auto* arm = std::get_if<arm_timer>(&effect)) return arm->timer;
  return std::nullopt;
}

std::size_t mutations(const proposal& p) {
  std::size_t n = 0;
  REQUIRE(for_each_mutation(p.mutations.bytes(), [&](const mutation_view&) { ++n; }));
  return n;
}

} // namespace

SCENARIO("a step of clearing that comes twice clears once", "[pipeline][delete]") {
  bench b;
  b.create();
  for (int i = 0; i < 150; ++i) b.add_run(1);
  CHECK(b.runs_counted() == 150);
  auto gone = b.decide(deletion());
  const auto first = armed(*gone);
  REQUIRE(first);
  b.commit(std::move(gone));
  auto once = b.decide(clear_step{*first});
  auto twice = b.decide(clear_step{*first});
  const auto next = armed(*once);
  REQUIRE(next);
  CHECK(!armed(*twice));
  CHECK(mutations(*twice) == 1);
  b.commit(std::move(once));
  b.commit(std::move(twice));
  CHECK(b.runs_counted() == 50);
  WHEN("it comes once more after a start") {
    b.wake();
    CHECK(!armed(*b.decide(clear_step{*first})));
    THEN("the one that was set goes on") {
      CHECK(armed(*b.decide(clear_step{*next})));
      CHECK(!armed(*b.decide(clear_step{*next})));
    }
  }
}

SCENARIO("a commit that clears does not grow with the runs it clears", "[pipeline][delete]") {
  bench b;
  b.create();
  for (int i = 0; i < 3; ++i) b.add_run(9'000);
  auto gone = b.decide(deletion());
  auto timer = armed(*gone);
  b.commit(std::move(gone));
  std::size_t steps = 0;
  while (timer) {
    REQUIRE(++steps < 20);
    b.clock.set(timer->due);
    auto step = b.decide(clear_step{*timer});
    CHECK(mutations(*step) < 7'000);
    timer = armed(*step);
    b.commit(std::move(step));
  }
  CHECK(steps > 5);
  CHECK(b.runs_counted() == 0);
  CHECK(!b.has(family::state, keys::pipeline(b.id)));
  const std::string end(64, '\xff');
  for (const auto f : {family::state, family::timers})
    b.state->scan(f, {}, end, [](std::string_view key, std::string_view) {
      FAIL("a key of kind " << int{key[2]} << " is left");
      return true;
    });
}

SCENARIO("a schedule that is none changes nothing", "[pipeline]") {
  bench b;
  std::optional<result<pipeline_view>> answer;
  const auto done = [&](result<pipeline_view> r) { answer = std::move(r); };
  WHEN("a pipeline is made with it") {
    auto command = b.creation();
    command.record.schedule = "every now and then";
    command.done = done;
    const auto refused = b.decide(std::move(command));
    CHECK(refused->mutations.empty());
    for (const auto& reply : refused->replies) reply(nullptr);
    REQUIRE(answer);
    CHECK(!*answer);
    THEN("it is not there") { CHECK(!b.decide(deletion())->lasting); }
  }
  WHEN("a pipeline is given it") {
    b.create();
    const auto patch = [&](std::optional<std::string> name, std::optional<std::string> cron) {
      update_pipeline command;
      command.who.workspace = default_workspace;
      command.patch.name = std::move(name);
      if (cron) command.patch.schedule = std::optional{*cron};
      command.done = done;
      auto decided = b.decide(std::move(command));
      for (const auto& reply : decided->replies) reply(nullptr);
      return decided;
    };
    CHECK(patch("q", "every now and then")->mutations.empty());
    REQUIRE(answer);
    CHECK(!*answer);
    patch(std::nullopt, std::nullopt);
    REQUIRE(*answer);
    THEN("its name is what it was") { CHECK((*answer)->record.name == "p"); }
  }
}

SCENARIO("a child that could not be made is not taken for one that was", "[pipeline]") {
  bench b;
  b.create();
  mutation_batch damage;
  damage.remove(family::state, keys::revision(b.id, 1));
  b.commit(std::move(damage));
  b.wake();
  for (int i = 0; i < 2; ++i) {
    std::optional<result<started_run>> answer;
    start_run command;
    command.workspace = default_workspace;
    command.id = run_id{make_uuid7(start, b.id.slot(), 9)};
    command.done = [&](result<started_run> r) { answer = std::move(r); };
    const auto refused = b.decide(std::move(command));
    for (const auto& reply : refused->replies) reply(nullptr);
    REQUIRE(answer);
    CHECK(!*answer);
  }
}

SCENARIO("failed intervals that an older record lists can be run again", "[pipeline][backfill]") {
  bench b;
  b.create();
  backfill_record record;
  record.id = backfill_id{make_uuid7(start, b.id.slot(), 7)};
  record.pipeline = b.id;
  record.workspace = default_workspace;
  record.from = "2025-11-01";
  record.to = "2025-11-10";
  record.status = backfill_status::failed;
  record.intervals_total = record.intervals_begun = 10;
  record.intervals_completed = 8;
  record.intervals_failed = 2;
  record.failed = {3, 5};
  mutation_batch older;
  older.put(family::state, keys::backfill(record.id), codec::encode(record));
  b.commit(std::move(older));
  auto retried = b.decide(backfill_changed{default_workspace, record.id, backfill_action::retry_failed, {}});
  CHECK(retried->born.size() == 1);
  b.commit(std::move(retried));
  CHECK(!b.has(family::state, keys::open_interval(record.id, 3)));
  CHECK(b.has(family::state, keys::open_interval(record.id, 5)));
  const auto now = read_record<backfill_record>(*b.state, keys::backfill(record.id));
  REQUIRE(now);
  CHECK(now->failed.empty());
  CHECK(now->active == std::vector<std::uint32_t>{3});
}
