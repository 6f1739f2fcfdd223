#include "api/token_cache.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

namespace {

const auto start = from_ms(1'700'000'000'000);

caller someone(std::string subject, std::optional<timestamp> until = {}) {
  caller who{default_workspace, std::move(subject), 1};
  who.expires_at = until;
  return who;
}

} // namespace

SCENARIO("a token is known for a minute, or until it ends", "[tokens]") {
  token_cache cache;
  const auto a = cache.digest_of("a"), b = cache.digest_of("b");
  CHECK(a != b);
  CHECK(a != token_cache{}.digest_of("a"));
  CHECK_FALSE(cache.find(a, 1, start));
  cache.put(a, someone("a"), 1, start);
  cache.put(b, someone("b", start + milliseconds{5'000}), 1, start);
  CHECK(cache.find(a, 1, start)->subject == "a");
  CHECK(cache.find(b, 1, start + milliseconds{4'999})->subject == "b");
  CHECK_FALSE(cache.find(b, 1, start + milliseconds{5'000}));
  CHECK(cache.find(a, 1, start + milliseconds{59'999}));
  CHECK_FALSE(cache.find(a, 1, start + milliseconds{60'000}));
}

SCENARIO("what other keys verified is not known", "[tokens]") {
  token_cache cache;
  const auto a = cache.digest_of("a");
  cache.put(a, someone("a"), 1, start);
  CHECK_FALSE(cache.find(a, 2, start));
  CHECK_FALSE(cache.find(a, 1, start));
}

SCENARIO("the cache is bounded, and keeps what is asked for", "[tokens]") {
  token_cache cache{320};
  const auto used = cache.digest_of("used");
  cache.put(used, someone("used"), 1, start);
  std::size_t kept = 0;
  for (int i = 0; i < 5'000; ++i) {
    cache.put(cache.digest_of(std::to_string(i)), someone("x"), 1, start);
    CHECK(cache.find(used, 1, start));
  }
  for (int i = 0; i < 5'000; ++i) kept += cache.find(cache.digest_of(std::to_string(i)), 1, start) ? 1 : 0;
  CHECK(kept <= 320);
  CHECK(kept > 100);
}
