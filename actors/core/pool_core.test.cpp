#include "actors/core/pool_core.hpp"

#include "runtime/model/codec.hpp"
#include "storage/memory_store.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);
const pool_name few{default_workspace, "few"};

run_id run_of(std::uint8_t n) {
  uuid id = make_uuid7(start, 3, 1);
  id.bytes[15] = n;
  return run_id{id};
}

/// A pool whose store and runs are played by hand.
struct bench {
  explicit bench(std::size_t most_waiting = pool_core::waiting_max) : most(most_waiting) { restart(); }

  void restart() {
    pool.reset();
    pool = std::make_unique<pool_core>(around, entity, most);
  }

  void limit(std::optional<std::uint32_t> to) {
    registry.update([&](system_tables& t) {
      if (to) t.put(pool_record{few.workspace, few.name, *to, start});
      else t.erase_pool({few.workspace, few.name});
    });
  }

  /// Decides and stores at once; what the pool tells itself is told, too.
  void tell(pool_command command) {
    auto out = pool->handle(std::move(command), start);
    keep = out->keep;
    commit_bytes = out->mutations.empty() ? 0 : 1;
    if (!out->mutations.empty()) {
      std::vector<turn_entry> turn(1);
      turn[0].partition = 1;
      turn[0].index = ++index;
      turn[0].mutations = std::move(out->mutations);
      REQUIRE(state->write_turn(turn));
    }
    for (auto& reply : out->replies) reply(nullptr);
    std::vector<pool_command> to_itself;
    for (auto& effect : out->effects) {
      auto& told = std::get<tell_entity>(effect);
      if (auto* own = std::get_if<pool_command>(&*told.command)) {
        to_itself.push_back(std::move(*own));
        continue;
      }
      const auto& message = std::get<run_message>(*told.command);
      if (const auto* lease = std::get_if<lease_granted>(&message.command)) {
        CHECK(lease->pool == entity);
        granted.push_back({{run_id{told.entity}, lease->task, lease->item}, lease->attempt, lease->number});
      } else if (std::holds_alternative<penstock::ask_again>(message.command)) {
        called.push_back(run_id{told.entity});
      }
    }
    for (auto& own : to_itself) tell(std::move(own));
  }

  void ask(std::uint8_t run, std::uint32_t task = 0, std::uint32_t attempt = 1,
           task_priority priority = task_priority::normal, std::uint8_t pipeline = 0) {
    ask_pool command{few, {run_of(run), task, no_item}, attempt, {}, priority};
    command.pipeline.raw.bytes[15] = pipeline;
    tell(pool_command{std::move(command)});
  }
  void release(std::uint8_t run, std::uint64_t number, std::uint32_t task = 0) {
    tell(pool_command{release_lease{{run_of(run), task, no_item}, number, [this] { ++taken; }}});
  }
  void change() {
    tell(pool_command{pool_changed{few, [this] { ++taken; }}});
  }

  struct grant {
    lease_holder who;
    std::uint32_t attempt = 1;
    std::uint64_t number = 0;
  };
  /// The runs of the grants since the last call, by their number.
  std::vector<int> news() {
    std::vector<int> out;
    for (const auto& g : std::exchange(granted, {})) {
      out.push_back(g.who.run.raw.bytes[15]);
      last[out.back()] = g.number;
    }
    return out;
  }
  std::size_t stored() {
    std::size_t n = 0;
    const auto prefix = keys::pool_leases_prefix(entity);
    state->scan(family::state, prefix, keys::behind(prefix), [&](std::string_view, std::string_view) {
      ++n;
      return true;
    });
    return n;
  }

  std::size_t most;
  seeded_random random{1};
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  sealer seals{secret_key{}};
  plan_cache plans;
  engine_settings engines;
  system_registry registry;
  pool_figures figures;
  entity_surroundings around{*state, seals, plans, random, engines, 1, &registry, nullptr, {}, &figures};
  uuid entity = pool_entity(seals, few);
  std::unique_ptr<pool_core> pool;
  std::vector<grant> granted;
  std::map<int, std::uint64_t> last;
  std::vector<run_id> called;
  std::uint64_t index = 0;
  int taken = 0;
  bool keep = false;
  int commit_bytes = 0;
};

using runs = std::vector<int>;

} // namespace

SCENARIO("as many hold a lease as the limit allows, and each end lets the next begin", "[pool]") {
  bench b;
  b.limit(2);
  for (std::uint8_t run = 1; run <= 4; ++run) b.ask(run);
  CHECK(b.news() == runs{1, 2});
  CHECK(b.stored() == 2);
  CHECK(b.figures.held == 2);
  CHECK(b.figures.waiting == 2);
  b.release(1, b.last[1]);
  CHECK(b.news() == runs{3});
  CHECK(b.stored() == 2);
  b.release(2, b.last[2]);
  CHECK(b.news() == runs{4});
  b.release(3, b.last[3]);
  CHECK(b.keep);
  b.release(4, b.last[4]);
  CHECK(b.stored() == 0);
  CHECK_FALSE(b.keep);
  CHECK(b.taken == 4);
  CHECK(b.figures.held == 0);
}

SCENARIO("asking and giving back again is harmless", "[pool]") {
  bench b;
  b.limit(1);
  b.ask(1);
  b.ask(2);
  b.ask(2);
  CHECK(b.news() == runs{1});
  const auto number = b.last[1];
  b.ask(1);
  CHECK(b.news() == runs{1});
  CHECK(b.last[1] == number);
  b.release(1, number + 1);
  b.release(7, 12);
  CHECK(b.news().empty());
  b.release(1, number);
  b.release(1, number);
  CHECK(b.news() == runs{2});
  CHECK(b.stored() == 1);
  CHECK(b.taken == 4);
}

SCENARIO("the next attempt takes the lease over, and the release of the one before frees nothing", "[pool]") {
  bench b;
  b.limit(1);
  b.ask(1, 0, 1);
  CHECK(b.news() == runs{1});
  const auto first = b.last[1];
  b.ask(1, 0, 2);
  CHECK(b.news() == runs{1});
  CHECK(b.last[1] != first);
  b.ask(2);
  b.release(1, first);
  CHECK(b.news().empty());
  CHECK(b.stored() == 1);
  // A question of the first attempt that was late.
  b.ask(1, 0, 1);
  CHECK(b.news().empty());
  b.release(1, b.last[1]);
  CHECK(b.news() == runs{2});
}

SCENARIO("who waits is let in by priority, pipelines taking turns", "[pool]") {
  bench b;
  b.limit(1);
  b.ask(9);
  b.news();
  b.ask(1, 0, 1, task_priority::low);
  b.ask(2, 0, 1, task_priority::normal, 5);
  b.ask(3, 0, 1, task_priority::normal, 5);
  b.ask(4, 0, 1, task_priority::normal, 6);
  b.ask(5, 0, 1, task_priority::high);
  // A run's priority was raised while it waited.
  b.ask(1, 0, 1, task_priority::high);
  runs order;
  for (int holder = 9; holder != 0;) {
    b.release(static_cast<std::uint8_t>(holder), b.last[holder]);
    const auto next = b.news();
    holder = next.empty() ? 0 : next.at(0);
    if (holder != 0) order.push_back(holder);
  }
  CHECK(order == runs{5, 1, 2, 4, 3});
}

SCENARIO("a run that ends leaves with all it holds and asked for", "[pool]") {
  bench b;
  b.limit(2);
  b.ask(1, 0);
  b.ask(1, 1);
  b.ask(1, 2);
  b.ask(2);
  b.ask(3);
  b.news();
  b.tell(pool_command{leave_pool{run_of(1), [&] { ++b.taken; }}});
  CHECK(b.news() == runs{2, 3});
  CHECK(b.stored() == 2);
  CHECK(b.taken == 1);
}

SCENARIO("a raised limit counts at once, a lowered one waits for ends", "[pool]") {
  bench b;
  b.limit(0);
  for (std::uint8_t run = 1; run <= 5; ++run) b.ask(run);
  CHECK(b.news().empty());
  b.limit(3);
  b.change();
  CHECK(b.news() == runs{1, 2, 3});
  b.limit(1);
  b.change();
  // Who holds a lease is told once more: one that began anew while there was no limit gives it back.
  CHECK(b.news() == runs{1, 2, 3});
  b.release(1, b.last[1]);
  b.release(2, b.last[2]);
  CHECK(b.news().empty());
  b.release(3, b.last[3]);
  CHECK(b.news() == runs{4});
  CHECK(b.taken == 5);
}

SCENARIO("a pool whose limit is taken away lets all go and keeps no lease", "[pool]") {
  bench b;
  b.limit(2);
  for (std::uint8_t run = 1; run <= 4; ++run) b.ask(run);
  b.news();
  const auto held = b.last[1];
  b.limit(std::nullopt);
  b.change();
  CHECK(b.news() == runs{3, 4});
  CHECK(b.last[3] == 0);
  CHECK(b.stored() == 0);
  CHECK_FALSE(b.keep);
  b.release(1, held);
  b.ask(5);
  CHECK(b.news() == runs{5});
  CHECK(b.last[5] == 0);
  CHECK(b.stored() == 0);
  CHECK(b.taken == 2);
}

SCENARIO("a pool that is read from the store grants again what is held", "[pool]") {
  bench b;
  b.limit(2);
  b.ask(1);
  b.ask(2, 3);
  b.ask(4);
  b.news();
  const auto first = b.last[1];
  b.restart();
  CHECK(b.figures.held == 0);
  b.change();
  CHECK(b.news() == runs{1, 2});
  CHECK(b.last[1] == first);
  CHECK(b.figures.held == 2);
  // Who waited asks again.
  b.ask(4);
  CHECK(b.news().empty());
  b.release(1, first);
  CHECK(b.news() == runs{4});
}

SCENARIO("more than one commit takes is done in several", "[pool]") {
  bench b;
  const auto many = static_cast<std::uint32_t>(pool_core::steps_max * 2 + 5);
  b.limit(0);
  for (std::uint32_t task = 0; task < many; ++task) b.ask(1, task);
  b.limit(many);
  b.change();
  CHECK(b.stored() == many);
  CHECK(b.granted.size() == many);
  b.limit(std::nullopt);
  b.change();
  CHECK(b.stored() == 0);
  CHECK(b.taken == 2);
}

SCENARIO("runs that find the queue full are called when there is room", "[pool]") {
  bench b{4};
  b.limit(1);
  b.ask(1);
  for (std::uint8_t run = 2; run <= 5; ++run) b.ask(run);
  b.ask(6);
  b.ask(7);
  b.ask(7, 1);
  b.ask(8);
  b.news();
  b.tell(pool_command{leave_pool{run_of(8), {}}});
  CHECK(b.called.empty());
  b.release(1, b.last[1]);
  CHECK(b.news() == runs{2});
  CHECK(b.called.empty());
  b.release(2, b.last[2]);
  CHECK(b.news() == runs{3});
  CHECK(b.called == std::vector{run_of(6), run_of(7)});
}

SCENARIO("pools of workspaces and names are entities of their own", "[pool]") {
  const sealer seals{secret_key{}};
  std::set<uuid> all;
  for (std::uint8_t w = 0; w < 4; ++w)
    for (const auto* name : {"a", "b", "ab"}) {
      workspace_id workspace;
      workspace.raw.bytes[15] = w;
      all.insert(pool_entity(seals, {workspace, name}));
    }
  CHECK(all.size() == 12);
  CHECK(pool_entity(seals, few) == pool_entity(seals, few));
}
