#include "tests/simulation/world.hpp"

#include "actors/core/audit_ledger.hpp"
#include "actors/core/audit_reads.hpp"
#include "actors/core/keyring_core.hpp"
#include "actors/core/reads.hpp"

#include <algorithm>
#include <set>

using namespace penstock;
using simulation::world;

namespace {

constexpr const char* single = "version: 1\ntasks: [{ id: a, type: noop }]\n";

audit_note_ptr note(std::string request, std::string object) {
  caller who;
  who.workspace = default_workspace;
  who.subject = "somebody";
  who.origin = {"a.change", "192.0.2.1", std::move(request)};
  return note_of(who, std::move(object));
}

/// Clients that change things, and what they were told.
struct audited_world : world {
  explicit audited_world(std::uint64_t seed) : world(seed) {}

  void start(pipeline_id pipeline, std::uint64_t number) {
    start_run command;
    command.workspace = default_workspace;
    command.once = {"key-" + std::to_string(number), "same"};
    command.done = [this, number](result<started_run> r) {
      if (r) done.insert("start-" + std::to_string(number));
    };
    node->submit(pipeline.raw, pipeline_command{std::move(command)},
                 note("start-" + std::to_string(number), to_text(pipeline)));
  }

  /// Half of them name a revision that the pipeline does not have.
  void rename(pipeline_id pipeline, std::uint64_t number) {
    const auto request = "rename-" + std::to_string(number);
    update_pipeline command;
    command.who.workspace = default_workspace;
    command.patch.name = request;
    if (number % 2 == 1) command.patch.if_state = pipeline_state{77, {}};
    command.done = [this, request](result<pipeline_view> r) {
      if (r) done.insert(request);
      else if (r.error().code == errc::precondition_failed) refused.insert(request);
    };
    node->submit(pipeline.raw, pipeline_command{std::move(command)}, note(request, to_text(pipeline)));
  }

  void make_key(std::uint64_t number) {
    const auto request = "key-" + std::to_string(number);
    create_key command;
    command.record.id = api_key_id{make_uuid7(clock.now(), 0, random.next())};
    command.record.workspace = default_workspace;
    command.record.name = request;
    command.done = [this, request](result<void> r) {
      if (r) done.insert(request);
    };
    node->submit({}, key_command{std::move(command)}, note(request, request));
  }

  std::set<std::string> done;
  std::set<std::string> refused;
};

std::vector<audit_entry> whole_audit(const audited_world& w) {
  const auto page = read_audit(w.node->state(), 3, default_workspace, {}, 100'000, {});
  REQUIRE(page);
  return page->entries;
}

} // namespace

SCENARIO("each change that was acknowledged has one entry in the audit log, and no entry is without its change",
         "[simulation][audit]") {
  std::size_t entries = 0;
  for (const auto seed : simulation::seeds(300)) {
    CAPTURE(seed);
    audited_world w{seed};
    const auto pipeline = w.make_pipeline("p", single);
    std::uint64_t number = 0;
    for (int round = 0; round < 300; ++round) {
      const auto dice = w.random.next() % 30;
      if (dice == 0) w.start(pipeline, ++number);
      // Again, as a client does that got no answer.
      else if (dice == 1 && number > 0) w.start(pipeline, 1 + w.random.next() % number);
      else if (dice == 2) w.rename(pipeline, ++number);
      else if (dice == 3) w.make_key(++number);
      else w.live();
    }
    w.settle();

    std::set<std::string> seen;
    std::set<run_id> runs_seen;
    std::size_t keys_seen = 0;
    for (const auto& entry : whole_audit(w)) {
      CHECK(seen.insert(entry.what.request_id).second);
      if (entry.what.made) runs_seen.insert(*entry.what.made);
      if (entry.what.request_id.starts_with("key-")) ++keys_seen;
    }
    for (const auto& request : w.done) {
      CAPTURE(request);
      CHECK(seen.contains(request));
    }
    for (const auto& request : w.refused) CHECK_FALSE(seen.contains(request));
    // What is in the store is in the log, and the other way round.
    const auto runs = reads{w.node->around()}.runs(default_workspace, {}, {100'000, 0});
    REQUIRE(runs);
    std::set<run_id> runs_there;
    for (const auto& run : runs->entries) runs_there.insert(run.record.id);
    CHECK(runs_seen == runs_there);
    const auto keys = read_keys(w.node->state());
    REQUIRE(keys);
    CHECK(keys_seen == keys->size());
    entries += seen.size();
  }
  CHECK(entries > 0);
}

SCENARIO("old entries go, whatever interrupts their clearing, and later ones stay", "[simulation][audit]") {
  for (const auto seed : simulation::seeds(50)) {
    CAPTURE(seed);
    audited_world w{seed};
    const auto pipeline = w.make_pipeline("p", single);
    for (std::uint64_t n = 1; n <= 6; ++n) w.start(pipeline, n);
    w.settle(w.clock.now());
    w.clock.set(w.clock.now() + milliseconds{1'000});
    const auto middle = w.clock.now();
    for (std::uint64_t n = 7; n <= 9; ++n) w.start(pipeline, n);
    w.settle();
    const auto p = partition_of(pipeline.slot(), 3);
    w.node->submit(audit_ledger_of(p, 3), audit_command{clear_audit{middle, {}, [](const result<std::string>&) {}}});
    for (int i = 0; i < 20; ++i) w.live();
    (void)w.must<std::string>(audit_ledger_of(p, 3), [&](reply<std::string> done) {
      return audit_command{clear_audit{middle, {}, std::move(done)}};
    });
    w.settle();
    for (const auto& entry : whole_audit(w)) CHECK(entry.at >= middle);
    for (std::uint64_t n = 7; n <= 9; ++n)
      if (w.done.contains("start-" + std::to_string(n)))
        CHECK(std::ranges::count_if(
                whole_audit(w), [&](const auto& e) { return e.what.request_id == "start-" + std::to_string(n); }) == 1);
  }
}
