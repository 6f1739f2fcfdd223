#include "tests/simulation/world.hpp"

#include "actors/core/pool_core.hpp"
#include "actors/core/reads.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/core/system_core.hpp"

#include <map>
#include <set>

using namespace penstock;
using simulation::world;

namespace {

constexpr std::size_t seed_count = 150;

const std::map<std::string, std::uint32_t> fixed_limits{{"few", 1}, {"more", 3}, {"outer", 2}};

/// A world whose pools can be given limits, and looked at.
struct pool_world : world {
  using world::world;

  uuid entity_of(const std::string& pool) { return pool_entity(node->around().seals, {default_workspace, pool}); }

  void limit(const std::string& pool, std::optional<std::uint32_t> to) {
    must<void>(system_entity, [&](reply<void> done) {
      auto decide = [this, pool, to, entity = entity_of(pool), number = random.next()](system_draft& draft,
                                                                                       timestamp at) -> result<void> {
        if (to) draft.put(pool_record{default_workspace, pool, *to, at});
        else draft.erase_pool(default_workspace, pool);
        draft.tell_pool(entity, {default_workspace, pool}, number);
        return {};
      };
      return system_change{std::move(decide), std::move(done)};
    });
  }

  std::size_t held(const std::string& pool) {
    std::size_t n = 0;
    const auto prefix = keys::pool_leases_prefix(entity_of(pool));
    node->state().scan(family::state, prefix, keys::behind(prefix),
                       [&](std::string_view, std::string_view) { return ++n > 0; });
    return n;
  }

  /// Attempts that a worker has now, by their pool.
  std::map<std::string, std::size_t> under_way() {
    std::map<std::string, std::size_t> out;
    for (const auto& attempt : node->attempts()) {
      const auto run = read_record<run_record>(node->state(), keys::run(attempt->ref.run));
      REQUIRE(run);
      const auto graph = plan_of(node->around(), *run);
      REQUIRE(graph);
      ++out[(*graph)->task(attempt->ref.task).pool];
    }
    return out;
  }

  void check_limits() {
    const auto working = under_way();
    for (const auto& [pool, limit] : fixed_limits) {
      CAPTURE(pool);
      REQUIRE(held(pool) <= limit);
      const auto at = working.find(pool);
      REQUIRE((at == working.end() ? 0 : at->second) <= limit);
    }
  }

  void prioritise(run_id run) {
    const auto priority = priorities_in_order[random.next() % 3];
    node->submit(run.raw, run_message{set_priority{priority}, default_workspace, {}, {}});
  }

  std::string one_of(std::initializer_list<const char*> texts) {
    return *(texts.begin() + random.next() % texts.size());
  }

  /// A random graph. A task that runs another pipeline must not hold what that one's tasks wait for.
  std::string graph(bool outer) {
    std::string yaml = "version: 1\ntasks:\n";
    const auto count = 1 + random.next() % 6;
    for (std::uint64_t i = 0; i < count; ++i) {
      yaml += "  - { id: t" + std::to_string(i);
      const auto dice = random.next() % 8;
      if (dice == 0) yaml += ", type: sleep, seconds: 2";
      else if (dice == 1 && outer) yaml += ", type: run_pipeline, pipeline: inner";
      else yaml += ", type: shell, command: x";
      yaml += ", pool: " + (outer ? one_of({"outer", "outer", "free"}) : one_of({"few", "more", "more", "free"}));
      if (random.next() % 3 == 0) yaml += ", for_each: " + std::to_string(random.next() % 5);
      if (random.next() % 2 == 0) yaml += ", retries: {max: 2, delay: " + one_of({"0s", "1s"}) + "}";
      if (random.next() % 3 == 0) yaml += ", priority: " + one_of({"HIGH", "LOW"});
      std::string needs;
      for (std::uint64_t n = 0; n < i; ++n)
        if (random.next() % 4 == 0) needs += (needs.empty() ? "t" : ", t") + std::to_string(n);
      yaml += ", needs: [" + needs + "] }\n";
    }
    return yaml;
  }

  void check_the_end() {
    const auto runs = reads{node->around()}.runs(default_workspace, {}, {1'000'000, 0});
    REQUIRE(runs);
    std::set<run_id> there;
    for (const auto& run : runs->entries) {
      there.insert(run.record.id);
      CAPTURE(to_text(run.record.id));
      CHECK(is_terminal(run.record.status));
    }
    for (const auto& [once, id] : acknowledged) CHECK(there.contains(id));
    for (const auto* pool : {"few", "more", "outer", "free"}) CHECK(held(pool) == 0);
    for (partition_id p = 0; p <= 3; ++p) {
      std::size_t messages = 0;
      const auto prefix = keys::messages_prefix(p);
      node->state().scan(family::outbox, prefix, keys::behind(prefix),
                         [&](std::string_view, std::string_view) { return ++messages > 0; });
      CHECK(messages == 0);
    }
    check_at_rest();
  }
};

} // namespace

SCENARIO("whatever is interrupted when, no pool has more under way than its limit, and none leaks",
         "[simulation][pool]") {
  std::size_t most = 0;
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    pool_world w{seed};
    for (const auto& [pool, limit] : fixed_limits) w.limit(pool, limit);
    std::vector<pipeline_id> pipelines{w.make_pipeline("inner", w.graph(false))};
    for (int i = 0; i < 3; ++i)
      pipelines.push_back(w.make_pipeline("p" + std::to_string(i), w.graph(w.random.next() % 2 == 0)));
    int runs = 0;
    const auto any_run = [&] {
      auto at = w.acknowledged.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(w.random.next() % w.acknowledged.size()));
      return at->second;
    };
    for (int round = 0; round < 600; ++round) {
      const auto dice = w.random.next() % 100;
      if (dice < 4 && runs < 15)
        w.start(pipelines[w.random.next() % pipelines.size()], "key-" + std::to_string(++runs));
      else if (dice < 5 && !w.acknowledged.empty()) w.cancel(any_run());
      else if (dice < 6 && !w.acknowledged.empty()) w.prioritise(any_run());
      else w.live();
      w.check_limits();
      most = std::max(most, w.held("more"));
    }
    w.settle();
    w.check_the_end();
  }
  CHECK(most == fixed_limits.at("more"));
}

SCENARIO("limits may come, change and go at any time", "[simulation][pool]") {
  for (const auto seed : simulation::seeds(seed_count)) {
    CAPTURE(seed);
    pool_world w{seed};
    std::set<std::string> limited;
    const std::vector<pipeline_id> pipelines{w.make_pipeline("inner", w.graph(false)),
                                             w.make_pipeline("p", w.graph(true))};
    int runs = 0;
    for (int round = 0; round < 400; ++round) {
      const auto dice = w.random.next() % 100;
      if (dice < 4 && runs < 12) {
        w.start(pipelines[w.random.next() % pipelines.size()], "key-" + std::to_string(++runs));
      } else if (dice < 6) {
        const auto pool = w.one_of({"few", "more", "outer"});
        if (limited.contains(pool) && w.random.next() % 3 == 0) {
          w.limit(pool, std::nullopt);
          limited.erase(pool);
          CHECK(w.held(pool) == 0);
        } else {
          w.limit(pool, static_cast<std::uint32_t>(w.random.next() % 4));
          limited.insert(pool);
        }
      } else if (dice < 7 && !w.acknowledged.empty()) {
        w.cancel(w.acknowledged.begin()->second);
      } else {
        w.live();
      }
    }
    for (const auto& pool : limited) w.limit(pool, 1);
    w.settle();
    w.check_the_end();
  }
}

SCENARIO("a task that waits for its pool is shown as pending, one that runs as running", "[simulation][pool]") {
  pool_world w{1};
  w.limit("few", 1);
  const auto pipeline = w.make_pipeline("p", R"(
version: 1
tasks:
  - { id: a, type: sleep, seconds: 60, pool: few }
  - { id: b, type: sleep, seconds: 60, pool: few }
)");
  w.start(pipeline, "one");
  w.settle(w.clock.now());
  const auto run = w.acknowledged.at("one");
  const auto statuses = [&] {
    std::vector<task_status> out;
    for (const auto& task : reads{w.node->around()}.run(default_workspace, run)->tasks) out.push_back(task.status);
    return out;
  };
  CHECK(statuses() == std::vector{task_status::waiting, task_status::pending});
  w.crash();
  w.settle(w.clock.now());
  CHECK(statuses() == std::vector{task_status::waiting, task_status::pending});
  CHECK(w.held("few") == 1);
  w.settle(w.clock.now() + std::chrono::seconds{61});
  CHECK(statuses() == std::vector{task_status::succeeded, task_status::waiting});
  w.settle();
  w.check_the_end();
}
