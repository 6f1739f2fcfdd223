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
  CHECK(keys.authenticate(key + "x").error().code == errc::unauthorized);
  CHECK(keys.authenticate("").error().code == errc::unauthorized);
  CHECK(keys.authenticate(std::string(100'000, 'a')).error().code == errc::unauthorized);

  WHEN("its time is up") {
    clock->advance(milliseconds{5'000});
    CHECK(keys.authenticate(key).error().message == "the API key has expired");
  }
  WHEN("it is revoked") {
    record.revoked_at = clock->now();
    keys.put(record);
    CHECK(keys.authenticate(key).error().message == "the API key was revoked");
    CHECK(keys.list(default_workspace).empty());
  }
}

SCENARIO("a key's use is reported the first time and then at most once a minute", "[keys]") {
  const sealer seals{secret_key{}};
  const auto clock = std::make_shared<manual_clock>(from_ms(1'790'000'000'000));
  key_registry keys{seals, clock};
  keys.put(record_of(seals, "k", clock->now()));
  for (int i = 0; i < 3; ++i) REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_touched().size() == 1);
  clock->advance(milliseconds{59'000});
  REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_touched().empty());
  clock->advance(milliseconds{1'000});
  REQUIRE(keys.authenticate("k"));
  CHECK(keys.take_touched().size() == 1);
}
