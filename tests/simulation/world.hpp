#pragma once

#include "tests/simulation/book_check.hpp"
#include "tests/simulation/simulated_node.hpp"

#include "actors/core/run_core.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <numeric>
#include <optional>

namespace penstock::simulation {

/// The seeds to try: PENSTOCK_SIMULATION_SEED alone, else as many as PENSTOCK_SIMULATION_SEEDS says, else `count`.
inline std::vector<std::uint64_t> seeds(std::size_t count) {
  if (const auto* one = std::getenv("PENSTOCK_SIMULATION_SEED")) return {std::strtoull(one, nullptr, 10)};
  if (const auto* given = std::getenv("PENSTOCK_SIMULATION_SEEDS")) count = std::strtoull(given, nullptr, 10);
  std::vector<std::uint64_t> out(count);
  std::iota(out.begin(), out.end(), 1);
  return out;
}

/// A world with clients that start runs and crashes that interrupt it.
struct world {
  explicit world(std::uint64_t seed) : random(seed), disk(std::make_shared<memory_disk>()) { boot(); }

  void boot() {
    node.reset();
    node = std::make_unique<simulated_node>(disk, clock, random, partition_id{3});
    node->outcome = [this](const attempt_request&) {
      const auto dice = random.next() % 10;
      return dice == 0 ? attempt_outcome::failed : attempt_outcome::succeeded;
    };
    if (booted) booted();
  }

  void crash() {
    node.reset();
    disk->crash(random);
    ++crashes;
    boot();
  }

  /// Steps until nothing is left to do, passing time as needed, but not beyond `until`.
  void settle(timestamp until = timestamp::max()) {
    for (int idle = 0; idle < 3;) {
      while (node->step()) {
        idle = 0;
        if (node->dead()) crash();
      }
      node->sweep();
      if (!node->pass_time(until)) ++idle;
    }
    check_books(node->state(), node->around().partition_count);
  }

  /// One thing that happens: mostly a step, sometimes a crash, a failed write, or time.
  void live(timestamp until = timestamp::max()) {
    const auto dice = random.next() % 100;
    if (dice < 1) crash();
    else if (dice < 2) node->fail_next_write(random.next() % 6);
    else if (dice < 5) (void)node->pass_time(until);
    else if (dice < 8) node->sweep();
    else node->step();
    if (node->dead()) crash();
  }

  /// Submits a command and settles until it is answered, again after each crash that swallows it.
  template <class T, class Make>
  T must(const uuid& entity, Make make) {
    std::optional<result<T>> answer;
    while (!answer || !*answer) {
      answer.reset();
      node->submit(entity, make([&answer](result<T> r) { answer = std::move(r); }));
      settle(clock.now());
      if (answer && !*answer && (*answer).error().code != errc::unavailable) FAIL((*answer).error().message);
    }
    if constexpr (!std::is_void_v<T>) return std::move(**answer);
  }

  [[nodiscard]] compiled_definition compiled(const std::string& yaml) const {
    auto made = compile({definition_format::yaml, yaml}, {});
    REQUIRE(made);
    return {{definition_format::yaml, yaml}, bind_plan(std::move(made->compiled)), {}};
  }

  pipeline_id make_pipeline(const std::string& name, const std::string& yaml) {
    create_pipeline command;
    command.record.id =
      pipeline_id{make_uuid7(clock.now(), static_cast<slot_number>(random.next() % slot_count), random.next())};
    command.record.workspace = default_workspace;
    command.record.name = name;
    command.record.created_at = clock.now();
    command.compiled = compiled(yaml);
    bool made = false;
    command.done = [&made](result<pipeline_view> r) { made = r.has_value(); };
    const auto id = command.record.id;
    node->submit(id.raw, pipeline_command{std::move(command)});
    settle();
    REQUIRE(made);
    return id;
  }

  void start(pipeline_id pipeline, std::string once) {
    start_run command;
    command.workspace = default_workspace;
    command.once = {once, "same"};
    command.done = [this, once](result<started_run> r) {
      if (!r) return;
      // A repeat of the request must never make another run.
      const auto [it, fresh] = acknowledged.try_emplace(once, r->run.record.id);
      if (!fresh) CHECK(it->second == r->run.record.id);
    };
    node->submit(pipeline.raw, pipeline_command{std::move(command)});
  }

  std::function<void()> booted; ///< Called for each node after the first.
  void cancel(run_id run) { node->submit(run.raw, run_message{cancel_run{"a test"}, default_workspace, {}, {}}); }

  /// What must hold of a node that has nothing to do.
  void check_at_rest() {
    for (const auto run : node->files()) {
      CAPTURE(to_text(run));
      std::string bytes;
      CHECK(node->state().get(family::state, keys::run(run), bytes));
    }
    clock.advance(std::chrono::minutes{2});
    node->sweep();
    CHECK(node->entities() == 0);
  }

  manual_clock clock{from_ms(1'790'000'000'000)};
  seeded_random random;
  std::shared_ptr<memory_disk> disk;
  std::unique_ptr<simulated_node> node;
  std::map<std::string, run_id> acknowledged;
  int crashes = 0;
};

} // namespace penstock::simulation
