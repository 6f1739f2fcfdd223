#include "actors/core/keyring_core.hpp"

#include "storage/memory_store.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using Catch::Matchers::Contains;

namespace {

const timestamp start = from_ms(1'790'000'000'000);

/// A keyring whose decisions become durable when told.
struct bench {
  template <class Command>
  void decide(Command command) {
    under_way.push_back(keyring->handle(key_command{std::move(command)}, start));
  }

  void sync() {
    for (auto& p : std::exchange(under_way, {})) {
      if (!p->mutations.empty()) {
        std::vector<turn_entry> turn(1);
        turn[0].index = ++index;
        turn[0].mutations = std::move(p->mutations);
        REQUIRE(state->write_turn(turn));
      }
      for (auto& reply : p->replies) reply(nullptr);
    }
  }

  /// As a partition does with an entity that has nothing under way.
  void drop() { keyring = std::make_unique<keyring_core>(around); }

  reply<void> noted() {
    return [this](result<void> r) { answers.push_back(std::move(r)); };
  }

  api_key_record new_key() {
    api_key_record record;
    record.id = api_key_id{make_uuid7(start, 0, random.next())};
    record.workspace = default_workspace;
    record.key_hash = "hash of " + to_text(record.id);
    record.scopes = {"admin"};
    record.created_at = start;
    return record;
  }

  std::optional<api_key_record> stored(api_key_id id) {
    const auto all = read_keys(*state);
    REQUIRE(all);
    for (const auto& record : *all)
      if (record.id == id) return record;
    return std::nullopt;
  }

  seeded_random random{1};
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  sealer seals{secret_key{}};
  plan_cache plans;
  engine_settings engines;
  system_registry registry;
  entity_surroundings around{*state, seals, plans, random, engines, 1, &registry};
  std::unique_ptr<keyring_core> keyring = std::make_unique<keyring_core>(around);
  std::vector<std::unique_ptr<proposal>> under_way;
  std::vector<result<void>> answers;
  std::uint64_t index = 0;
};

} // namespace

SCENARIO("a use that is noted beside a revocation does not bring the key back", "[keys]") {
  bench b;
  const auto key = b.new_key();
  b.decide(create_key{key, {}, b.noted()});
  b.sync();
  b.drop();
  b.decide(revoke_key{default_workspace, key.id, b.noted()});
  b.decide(touch_keys{{{key.id, start + milliseconds{5}}}});
  b.sync();
  REQUIRE(b.stored(key.id));
  CHECK(b.stored(key.id)->revoked_at == start);
  CHECK(b.stored(key.id)->last_used == start + milliseconds{5});
}

SCENARIO("of the uses of a key the newest is kept", "[keys]") {
  bench b;
  const auto key = b.new_key();
  b.decide(create_key{key, {}, b.noted()});
  b.decide(touch_keys{{{key.id, start + milliseconds{9}}, {api_key_id{make_uuid7(start, 0, 77)}, start}}});
  b.decide(touch_keys{{{key.id, start + milliseconds{3}}}});
  b.sync();
  CHECK(b.stored(key.id)->last_used == start + milliseconds{9});
}

SCENARIO("a key is revoked once, and by its own workspace alone", "[keys]") {
  bench b;
  const auto key = b.new_key();
  b.decide(create_key{key, {}, b.noted()});
  b.decide(revoke_key{workspace_id{make_uuid7(start, 0, 5)}, key.id, b.noted()});
  b.decide(revoke_key{default_workspace, key.id, b.noted()});
  b.decide(revoke_key{default_workspace, key.id, b.noted()});
  b.sync();
  REQUIRE(b.answers.size() == 4);
  CHECK(b.answers[0]);
  CHECK(b.answers[1].error().code == errc::not_found);
  CHECK(b.answers[2]);
  CHECK(b.answers[3].error().code == errc::not_found);
}

SCENARIO("a repeated request makes no second key and says which the first one made", "[keys]") {
  bench b;
  const auto first = b.new_key(), second = b.new_key(), third = b.new_key();
  const request_key once{"once", "hash"};
  const auto repeats = [&] {
    b.answers.clear();
    b.decide(create_key{second, once, b.noted()});
    b.decide(create_key{third, {"once", "another hash"}, b.noted()});
    b.sync();
    REQUIRE(b.answers.size() == 2);
    CHECK(b.answers[0].error().code == errc::already_exists);
    CHECK_THAT(b.answers[0].error().message, Contains(shown_id(first.id)));
    CHECK(b.answers[1].error().code == errc::key_reused);
    CHECK_FALSE(b.stored(second.id));
    CHECK_FALSE(b.stored(third.id));
  };
  b.decide(create_key{first, once, b.noted()});
  WHEN("the first is not durable yet") {
    b.decide(create_key{second, once, b.noted()});
    b.sync();
    REQUIRE(b.answers.size() == 2);
    CHECK(b.answers[0]);
    CHECK(b.answers[1].error().code == errc::already_exists);
  }
  WHEN("it is, and the keyring goes on") {
    b.sync();
    repeats();
  }
  WHEN("it is, and the keyring was made anew") {
    b.sync();
    b.drop();
    repeats();
  }
  WHEN("another workspace uses the same Idempotency-Key") {
    auto theirs = b.new_key();
    theirs.workspace = workspace_id{make_uuid7(start, 0, 5)};
    b.decide(create_key{theirs, once, b.noted()});
    b.sync();
    CHECK(b.answers[1]);
  }
}

SCENARIO("a workspace is stored once, with what was first known of it", "[workspaces]") {
  bench b;
  const workspace_id id{make_uuid7(start, 0, 5)};
  const auto seen = [&](std::string by) { b.decide(make_workspace{{id, start, std::move(by), {}}, b.noted()}); };
  seen("first");
  seen("second");
  CHECK(b.answers.empty());
  b.sync();
  b.drop();
  seen("third");
  b.decide(make_workspace{{default_workspace, start, "nobody", {}}, b.noted()});
  b.sync();
  CHECK(b.answers.size() == 4);
  for (const auto& answer : b.answers) CHECK(answer.has_value());
  const auto all = read_workspaces(*b.state);
  REQUIRE(all);
  REQUIRE(all->size() == 1);
  CHECK(all->front().id == id);
  CHECK(all->front().created_by == "first");
}
