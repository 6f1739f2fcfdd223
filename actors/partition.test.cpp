#include "actors/partition.hpp"
#include "actors/gateway.hpp"
#include "actors/timer.hpp"

#include "runtime/plan/compile.hpp"
#include "storage/memory_store.hpp"
#include "storage/queued_log.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);

/// Ends every attempt well, at once.
worker_actor::behavior_type obliging_worker(worker_actor::pointer, std::function<void(attempt_result)> ended) {
  return {
    [ended](const attempt_ptr& request) {
      attempt_result done;
      done.ref = request->ref;
      ended(done);
    },
    [](stop_atom, const run_id&) {},
    [](reorder_atom, const run_id&, std::uint8_t) {},
    [](const attempt_result_ptr&) {},
  };
}

struct testing_config : caf::actor_system_config {
  testing_config() { set("scheduler.policy", caf::atom("testing")); }
};

/// Two partitions, gateway, timers and a worker under CAF's deterministic scheduler: nothing moves unless it is told.
struct fixture {
  fixture() : sched(dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler())) {
    worker_actor worker = sys.spawn(obliging_worker, [this](attempt_result ended) {
      const auto run = ended.ref.run.raw;
      caf::anon_send(
        gateway, std::make_shared<submission>(submission{run, run_message{attempt_ended{ended}, {}, {}, {}}, false}));
    });
    timer_setup setup_of_timers{state.get(), clock, 1, {}, {}};
    setup_of_timers.due = [this](partition_id p, due_timers_ptr due) {
      caf::anon_send(partitions[p], due_atom::value, std::move(due));
    };
    setup_of_timers.soon = [this](partition_id p, due_timers_ptr soon) {
      caf::anon_send(partitions[p], soon_atom::value, std::move(soon));
    };
    timers = spawn_timer(sys, std::move(setup_of_timers));
    for (partition_id p = 0; p <= 1; ++p) {
      partition_setup setup;
      setup.id = p;
      setup.around = &around;
      setup.group = make_single_voter(p, {}, log);
      setup.clock = clock;
      setup.worker = worker;
      setup.timers = timers;
      setup.send = [this](message_ptr m) { caf::anon_send(gateway, std::move(m)); };
      setup.ask = [this](child_ptr c) { caf::anon_send(gateway, std::move(c)); };
      setup.changed = [](run_id) {};
      setup.remove_files = [](run_id) {};
      setup.key_changed = [](const api_key_record&) {};
      setup.system_updated = [this](const auto& change) { registry.update(change); };
      setup.deliver = [](const keys::pending_delivery&) {};
      setup.pass = [](const uuid&, entity_command) {};
      setup.figures = std::make_shared<partition_figures>();
      setup.figures_mutex = std::make_shared<std::mutex>();
      partitions.push_back(spawn_partition(sys, std::move(setup)));
    }
    gateway = spawn_gateway(sys, partitions);
    sched.run();
  }

  ~fixture() {
    for (auto& p : partitions) caf::anon_send_exit(p, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(gateway, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(timers, caf::exit_reason::user_shutdown);
    sched.run();
  }

  /// One write of everything queued, as the log writer does.
  bool sync() {
    const auto turn = std::exchange(log.entries, {});
    if (turn.empty()) return false;
    REQUIRE(state->write_turn(turn));
    for (const auto& entry : turn) caf::anon_send(partitions[entry.partition], durable_atom::value, entry.index);
    ++syncs;
    return true;
  }

  void settle() {
    do sched.run();
    while (sync());
  }

  pipeline_id make_pipeline(const std::string& yaml) {
    auto compiled = compile({definition_format::yaml, yaml}, {});
    REQUIRE(compiled);
    create_pipeline command;
    command.record.id = pipeline_id{make_uuid7(start, 5, random.next())};
    command.record.workspace = default_workspace;
    command.compiled = {{}, bind_plan(std::move(compiled->compiled)), {}};
    const auto id = command.record.id;
    caf::anon_send(gateway,
                   std::make_shared<submission>(submission{id.raw, pipeline_command{std::move(command)}, true}));
    settle();
    return id;
  }

  std::vector<result<started_run>> answers;
  void start_and_wait(pipeline_id id) {
    start_run command;
    command.workspace = default_workspace;
    command.wait = milliseconds{3600'000};
    command.done = [this](result<started_run> r) { answers.push_back(std::move(r)); };
    caf::anon_send(gateway,
                   std::make_shared<submission>(submission{id.raw, pipeline_command{std::move(command)}, true}));
  }

  std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>(start);
  seeded_random random{4};
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  sealer seals{secret_key{}};
  plan_cache plans;
  engine_settings engines;
  system_registry registry;
  entity_surroundings around{*state, seals, plans, random, engines, 1, &registry};
  queued_log log;
  testing_config config;
  caf::actor_system sys{config};
  caf::scheduler::test_coordinator& sched;
  std::vector<partition_actor> partitions;
  timer_actor timers;
  gateway_actor gateway;
  int syncs = 0;
};

} // namespace

SCENARIO("a chain of tasks costs one sync a task and one for its start", "[actors]") {
  fixture f;
  const auto id = f.make_pipeline("version: 1\ntasks:\n  - {id: a, type: noop}\n  - {id: b, type: noop, needs: [a]}\n  "
                                  "- {id: c, type: noop, needs: [b]}\n");
  f.syncs = 0;
  f.start_and_wait(id);
  f.settle();
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0]->run.record.status == run_status::succeeded);
  CHECK(f.syncs == 4);
}

SCENARIO("a sleeping run wakes when its time has come, and not before", "[actors]") {
  fixture f;
  const auto id = f.make_pipeline("version: 1\ntasks: [{id: a, type: sleep, seconds: 30}]\n");
  caf::anon_send(f.timers, refill_atom::value);
  f.start_and_wait(id);
  f.settle();
  CHECK(f.answers.empty());
  const auto pass = [&](milliseconds time) {
    f.clock->advance(time);
    f.sched.advance_time(time);
    f.settle();
  };
  pass(milliseconds{29'900});
  CHECK(f.answers.empty());
  pass(milliseconds{200});
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0]->ended);
}
