#include "storage/sealing.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <set>
#include <thread>
#include <type_traits>

using namespace penstock;

namespace {

secret_key key_of(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return secret_key{bytes};
}

uuid id_of(std::uint8_t byte) {
  uuid id;
  id.bytes.fill(byte);
  return id;
}

sealed_place some_place() { return {.workspace = default_workspace, .object = id_of(1), .version = 2, .kind = 3}; }

template <class T>
concept printable = requires(std::ostream& out, const T& v) {
  out << v;
};
static_assert(!printable<secret_key>);

} // namespace

SCENARIO("what was sealed opens in its place and nowhere else", "[storage][sealing]") {
  const sealer s{key_of(7)};
  for (const auto& plain : {std::string(), std::string("a secret"), std::string(100'000, '\0')}) {
    const auto sealed = s.seal(some_place(), plain);
    const auto opened = s.open(some_place(), sealed);
    REQUIRE(opened);
    CHECK(*opened == plain);
    if (!plain.empty()) CHECK(sealed.find(plain.substr(0, 8)) == std::string::npos);
    auto elsewhere = some_place();
    elsewhere.workspace = workspace_id{id_of(9)};
    CHECK_FALSE(s.open(elsewhere, sealed));
    elsewhere = some_place();
    elsewhere.object = id_of(2);
    CHECK_FALSE(s.open(elsewhere, sealed));
    elsewhere = some_place();
    elsewhere.version = 3;
    CHECK_FALSE(s.open(elsewhere, sealed));
    elsewhere = some_place();
    elsewhere.kind = 4;
    CHECK_FALSE(s.open(elsewhere, sealed));
    CHECK_FALSE(sealer{key_of(8)}.open(some_place(), sealed));
    CHECK(sealer{key_of(7)}.open(some_place(), sealed));
  }
}

SCENARIO("an altered sealed text does not open", "[storage][sealing]") {
  const sealer s{key_of(7)};
  const auto sealed = s.seal(some_place(), "a secret");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    const auto opened = s.open(some_place(), altered);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::corrupt_record);
    CHECK_FALSE(s.open(some_place(), sealed.substr(0, i)));
  }
  CHECK_FALSE(s.open(some_place(), sealed + "x"));
}

SCENARIO("sealing the same twice gives different texts", "[storage][sealing]") {
  const sealer s{key_of(7)};
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(s.seal(some_place(), "a secret"));
  CHECK(seen.size() == 100);
}

SCENARIO("a keyed hash depends on key and text", "[storage][sealing]") {
  const sealer s{key_of(7)};
  const auto hash = s.keyed_hash("text");
  CHECK(hash.size() == 32);
  CHECK(hash == sealer{key_of(7)}.keyed_hash("text"));
  CHECK(hash != s.keyed_hash("texT"));
  CHECK(hash != sealer{key_of(8)}.keyed_hash("text"));
  CHECK(sealer::equal_in_constant_time(hash, s.keyed_hash("text")));
  CHECK_FALSE(sealer::equal_in_constant_time(hash, s.keyed_hash("")));
  CHECK_FALSE(sealer::equal_in_constant_time(hash, "short"));
}

SCENARIO("several threads may seal and open at once", "[storage][sealing]") {
  const sealer s{key_of(7)};
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 3'000; ++i) {
        auto place = some_place();
        // More workspaces than keys are kept.
        place.workspace.raw.bytes[13] = static_cast<std::uint8_t>(t);
        place.workspace.raw.bytes[14] = static_cast<std::uint8_t>(i);
        place.workspace.raw.bytes[15] = static_cast<std::uint8_t>(i >> 8);
        const auto opened = s.open(place, s.seal(place, "text"));
        if (!opened || *opened != "text") ++failed;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(failed == 0);
}
