#include "actors/auditor.hpp"

#include "actors/core/audit_ledger.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);
constexpr milliseconds day{24 * 3'600'000};

struct testing_config : caf::actor_system_config {
  testing_config() { set("scheduler.policy", caf::atom("testing")); }
};

/// An auditor whose partitions are played by hand: its commands are kept.
struct fixture {
  explicit fixture(milliseconds retention) : sched(dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler())) {
    auditor = spawn_auditor(sys, {2, clock, &refusals, retention, [this](const uuid& entity, entity_command command) {
                                    sent.emplace_back(entity, std::move(std::get<audit_command>(command)));
                                  }});
    sched.run();
  }
  ~fixture() {
    caf::anon_send_exit(auditor, caf::exit_reason::user_shutdown);
    sched.run();
  }

  void pass(milliseconds time) {
    clock->advance(time);
    sched.advance_time(time);
    sched.run();
  }
  /// The steps of clearing that were asked for since the last call.
  std::vector<std::pair<uuid, clear_audit>> steps() {
    std::vector<std::pair<uuid, clear_audit>> out;
    for (auto& [entity, command] : std::exchange(sent, {})) out.emplace_back(entity, std::get<clear_audit>(command));
    return out;
  }

  testing_config config;
  caf::actor_system sys{config};
  caf::scheduler::test_coordinator& sched;
  std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>(start);
  refusal_log refusals;
  auditor_actor auditor;
  std::vector<std::pair<uuid, audit_command>> sent;
};

} // namespace

SCENARIO("what is too old is cleared in each partition, step by step, and later again", "[audit][actors]") {
  fixture f{400 * day};
  auto steps = f.steps();
  REQUIRE(steps.size() == 3);
  for (partition_id p = 0; p <= 2; ++p) CHECK(steps[p].first == audit_ledger_of(p, 2));
  CHECK(steps[0].second.before == start - 400 * day);
  CHECK(steps[0].second.from.empty());
  // Only one partition has more.
  steps[1].second.done(std::string{"on from here"});
  for (const auto i : {0, 2}) steps[static_cast<std::size_t>(i)].second.done(std::string{});
  f.sched.run();
  steps = f.steps();
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].first == audit_ledger_of(1, 2));
  CHECK(steps[0].second.from == "on from here");
  // While a step is under way no other is begun there.
  f.pass(milliseconds{600'000});
  CHECK(f.steps().size() == 2);
  steps[0].second.done(fail(errc::unavailable, "lost"));
  f.sched.run();
  f.pass(milliseconds{600'000});
  CHECK(f.steps().size() == 1);
}

SCENARIO("without an end of their time entries are kept", "[audit][actors]") {
  fixture f{milliseconds{0}};
  f.pass(600 * day);
  CHECK(f.sent.empty());
}

SCENARIO("refusals go to the partition that their workspace names", "[audit][actors]") {
  fixture f{milliseconds{0}};
  const workspace_id other{make_uuid7(start, 1023, 1)};
  f.refusals.add(default_workspace, {}, start);
  f.refusals.add(default_workspace, {}, start);
  f.refusals.add(other, {}, start);
  f.pass(milliseconds{500});
  REQUIRE(f.sent.size() == 2);
  for (auto& [entity, command] : f.sent) {
    const auto& entries = std::get<keep_refusals>(command).entries;
    CHECK(entries.size() == (entries.front().workspace == other ? 1 : 2));
    CHECK(entity == audit_ledger_of(partition_of(slot_of(entries.front().workspace.raw), 2), 2));
  }
  f.pass(milliseconds{500});
  CHECK(f.sent.size() == 2);
}
