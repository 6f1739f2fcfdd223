#pragma once

#include "actors/core/partition_core.hpp"

#include "actors/core/audit_ledger.hpp"
#include "actors/core/audit_reads.hpp"
#include "actors/core/child_runs.hpp"
#include "runtime/plan/compile.hpp"
#include "storage/memory_store.hpp"
#include "storage/queued_log.hpp"

#include <catch2/catch.hpp>

#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <set>

namespace penstock {

const timestamp start = from_ms(1'790'000'000'000);

/// Consensus that can lose its leadership.
struct losing_group final : consensus {
  explicit losing_group(std::unique_ptr<consensus> i) : inner(std::move(i)) {}
  result<std::uint64_t> propose(timestamp clock, mutation_batch mutations) override {
    if (lost) return fail(errc::unavailable, "another node leads");
    return inner->propose(clock, std::move(mutations));
  }
  std::uint64_t on_durable(std::uint64_t index) override { return inner->on_durable(index); }
  std::unique_ptr<consensus> inner;
  bool lost = false;
};

/// Counts what is looked up.
struct counting_reader final : state_reader {
  explicit counting_reader(const state_reader& i) : inner(i) {}
  bool get(family f, std::string_view key, std::string& bytes) const override {
    ++gets;
    return inner.get(f, key, bytes);
  }
  std::int64_t counter(family f, std::string_view key) const override { return inner.counter(f, key); }
  void scan(family f, std::string_view begin, std::string_view end,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    inner.scan(f, begin, end, visit);
  }
  const state_reader& inner;
  mutable std::size_t gets = 0;
};

/// One partition whose outside is played by hand: entities answer at once, the disk when told.
struct partition_bench final : partition_ports {
  explicit partition_bench(std::size_t commands_before_attempts = 1'000, std::size_t schedules_firing_max = 1'000) {
    partition.emplace(
      1, around, group, clock, store::partition_position{}, *this, &schedules_due,
      partition_limits{4, 100, milliseconds{1'000}, commands_before_attempts, milliseconds{500}, schedules_firing_max});
  }

  void spawn(const uuid& entity, std::unique_ptr<entity_core> core) override { entities[entity] = std::move(core); }
  void tell(const uuid& entity, entity_command command, timestamp now, audit_note_ptr note) override {
    decided.push_back(entities.at(entity)->handle(std::move(command), now));
    decided.back()->note = std::move(note);
  }
  void drop(const uuid& entity) override { entities.erase(entity); }
  void offer(std::shared_ptr<attempt_request> request) override {
    offered.push_back(request->ref);
    requests.push_back(std::move(request));
  }
  void stop_run(run_id) override { ++stopped; }
  void reorder_run(run_id, task_priority) override {}
  void arm(const keys::timer&) override {}
  void send(const send_message&) override {}
  void ask(const ask_child&) override {}
  void changed(run_id) override {}
  void remove_files(run_id) override {}
  void key_changed(const api_key_record&) override {}
  void system_updated(const std::function<void(system_tables&)>&) override {}
  void deliver(const keys::pending_delivery&) override {}
  void pass(const uuid&, entity_command) override {}

  void hand_over() {
    for (auto& p : std::exchange(decided, {})) partition->proposed(std::move(p));
  }
  void sync() {
    const auto turn = std::exchange(log.entries, {});
    if (turn.empty()) return;
    REQUIRE(state->write_turn(turn));
    partition->durable(turn.back().index);
  }
  void settle() {
    while (!decided.empty() || !log.entries.empty()) {
      hand_over();
      sync();
    }
  }

  pipeline_id make_pipeline(const std::string& definition = "version: 1\ntasks: [{id: a, type: noop}]\n") {
    auto compiled = compile({definition_format::yaml, definition}, {});
    REQUIRE(compiled);
    create_pipeline command;
    command.record.id = pipeline_id{make_uuid7(start, 5, random.next())};
    command.record.workspace = default_workspace;
    command.record.name = "p";
    command.compiled = {{}, bind_plan(std::move(compiled->compiled)), {}};
    const auto id = command.record.id;
    partition->submit(id.raw, pipeline_command{std::move(command)}, true);
    settle();
    return id;
  }

  void make_schedule(pipeline_id pipeline, const std::string& cron = "0 * * * *", schedule_record record = {}) {
    schedule_created command;
    command.record = std::move(record);
    command.record.id = schedule_id{make_uuid7(start, 5, random.next())};
    command.record.workspace = default_workspace;
    command.record.cron = cron;
    command.done = [](const result<schedule_view>& made) { REQUIRE(made); };
    partition->submit(pipeline.raw, pipeline_command{std::move(command)}, false);
    settle();
  }
  std::vector<keys::timer> timers() const {
    std::vector<keys::timer> out;
    state->scan(family::timers, keys::timers_prefix(1), keys::behind(keys::timers_prefix(1)),
                [&](std::string_view key, std::string_view bytes) {
                  out.push_back(*keys::timer::decode(key, bytes));
                  return true;
                });
    return out;
  }
  /// Every pipeline leaves memory.
  void forget() {
    clock.advance(milliseconds{1'500});
    partition->sweep();
    REQUIRE(entities.empty());
  }

  start_run start_command(std::string once = {}) {
    start_run command;
    command.workspace = default_workspace;
    command.once = {std::move(once), "hash"};
    command.done = [this](result<started_run> r) { answers.push_back(std::move(r)); };
    return command;
  }

  manual_clock clock{start};
  seeded_random random{1};
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  sealer seals{secret_key{}};
  plan_cache plans;
  engine_settings engines;
  system_registry registry;
  std::atomic<std::size_t> schedules_due = 0;
  counting_reader reads{*state};
  entity_surroundings around{reads, seals, plans, random, engines, 1, &registry};
  queued_log log;
  losing_group group{make_single_voter(1, {}, log)};
  std::optional<partition_core> partition;
  std::map<uuid, std::unique_ptr<entity_core>> entities;
  std::vector<std::unique_ptr<proposal>> decided;
  std::vector<attempt_ref> offered;
  std::vector<std::shared_ptr<attempt_request>> requests;
  std::vector<result<started_run>> answers;
  int stopped = 0;
};

} // namespace penstock
