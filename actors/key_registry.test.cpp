#include "actors/key_registry.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

api_key_record record_of(const sealer& seals, std::string_view key, timestamp now) {
  api_key_record record;
  record.id = api_key_id{make_uuid7(now, 0, 9)};
  record.workspace = default_workspace;
  record.key_hash = seals.keyed_hash(key);
  record.scopes = {"read:jobs", "write:pipelines"};
  record.created_at = now;
  return record;
}

} // namespace

SCENARIO("a key is known by its hash, with its scopes, until it expires or is revoked", "[keys]") {
  const sealer seals{secret_key{}};
  const auto clock = std::make_shared<manual_clock>(from_ms(1'790'000'000'000));
  key_registry keys{seals, clock};
  const std::string key = "gcs_live_sk_0123456789";
  auto record = record_of(seals, key, clock->now());
  record.expires_at = clock->now() + milliseconds{5'000};
  keys.put(record);

  const auto who = keys.authenticate(key);
  REQUIRE(who);
  CHECK(who->workspace == default_workspace);
  CHECK(allows(who->scopes, scope::write_pipelines));
  CHECK_FALSE(allows(who->scopes, scope::read_metrics));
  CHECK(who->key == record.id);
  CHECK(who->subject == shown_id(record.id));
  CHECK(who->counted_as == record.id.raw);
  CHECK(who->expires_at == record.expires_at);
  CHECK(who->rate_limit == 0);
  CHECK(keys.is_still_good(*who));
  CHECK(keys.authenticate(key + "x").error() == key_refusal::unknown);
  CHECK(keys.authenticate("").error() == key_refusal::unknown);
  CHECK(keys.authenticate(std::string(100'000, 'a')).error() == key_refusal::unknown);

  WHEN("its time is up") {
    clock->advance(milliseconds{5'000});
    CHECK(keys.authenticate(key).error() == key_refusal::expired);
    CHECK_FALSE(keys.is_still_good(*who));
  }
  WHEN("it is revoked") {
    record.revoked_at = clock->now();
    keys.put(record);
    CHECK(keys.authenticate(key).error() == key_refusal::revoked);
    CHECK_FALSE(keys.is_still_good(*who));
    CHECK(keys.list(default_workspace, {}).entries.empty());
    CHECK(keys.list(default_workspace, {}).total == 0);
    CHECK(keys.was_made(key));
  }
}

SCENARIO("a key's use is reported the first time and then at most once a minute", "[keys]") {
  const sealer seals{secret_key{}};
  const auto clock = std::make_shared<manual_clock>(from_ms(1'790'000'000'000));
  key_registry keys{seals, clock};
  keys.put(record_of(seals, "k", clock->now()));
  for (int i = 0; i < 3; ++i) REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_uses().size() == 1);
  clock->advance(milliseconds{59'000});
  REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_uses().empty());
  clock->advance(milliseconds{1'000});
  REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_uses().size() == 1);
}

SCENARIO("a list tells the newest use, also one that is not stored yet", "[keys]") {
  const sealer seals{secret_key{}};
  const auto clock = std::make_shared<manual_clock>(from_ms(1'790'000'000'000));
  key_registry keys{seals, clock};
  const auto record = record_of(seals, "k", clock->now());
  keys.put(record);
  CHECK_FALSE(keys.list(default_workspace, {}).entries[0].last_used);
  REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_uses().size() == 1);
  clock->advance(milliseconds{1'234});
  REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_uses().empty());
  CHECK(keys.list(default_workspace, {}).entries[0].last_used == clock->now());
  // The store's word of the earlier use does not turn it back.
  auto stored = record;
  stored.last_used = clock->now() - milliseconds{1'234};
  keys.put(stored);
  CHECK(keys.list(default_workspace, {}).entries[0].last_used == clock->now());
}

SCENARIO("pages of a hundred thousand keys are exact and cost what they hold", "[keys]") {
  const sealer seals{secret_key{}};
  const auto clock = std::make_shared<manual_clock>(from_ms(1'790'000'000'000));
  key_registry keys{seals, clock};
  constexpr std::size_t count = 100'000;
  std::vector<api_key_record> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    all[i].id = api_key_id{make_uuid7(clock->now() + milliseconds{static_cast<std::int64_t>(i)}, 0, i)};
    all[i].workspace = default_workspace;
    all[i].key_hash = std::to_string(i);
    all[i].name = all[i].key_hash;
  }
  for (std::size_t i = 0; i < count; ++i) keys.put(all[i]);
  for (std::size_t i = 0; i < count; i += 2) {
    all[i].revoked_at = clock->now();
    keys.put(all[i]);
  }
  std::size_t next = count - 1;
  for (std::uint64_t offset = 0; offset < count; offset += 100) {
    const auto page = keys.list(default_workspace, {100, offset});
    REQUIRE(page.total == count / 2);
    REQUIRE(page.entries.size() == (offset < count / 2 ? 100 : 0));
    for (const auto& e : page.entries) {
      REQUIRE(e.name == std::to_string(next));
      next -= 2;
    }
  }
  CHECK(keys.list(workspace_id{make_uuid7(clock->now(), 0, 1)}, {}).total == 0);
}

SCENARIO("an admin is counted while the key is good", "[keys]") {
  const sealer seals{secret_key{}};
  const auto clock = std::make_shared<manual_clock>(from_ms(1'790'000'000'000));
  key_registry keys{seals, clock};
  keys.put(record_of(seals, "k", clock->now()));
  CHECK_FALSE(keys.has_admin(default_workspace));
  auto admin = record_of(seals, "admin", clock->now());
  admin.id = api_key_id{make_uuid7(clock->now(), 0, 10)};
  admin.scopes = {"admin"};
  admin.rate_limit = 7;
  admin.expires_at = clock->now() + milliseconds{1'000};
  keys.put(admin);
  CHECK(keys.has_admin(default_workspace));
  CHECK(keys.authenticate("admin")->rate_limit == 7);
  clock->advance(milliseconds{1'000});
  CHECK_FALSE(keys.has_admin(default_workspace));
}
