#include "runtime/lifecycle/retry.hpp"

#include "runtime/seams.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

SCENARIO("a fixed delay stays, an exponential one doubles up to its cap", "[retry]") {
  const retry_policy fixed{.attempts_max = 9, .delay_ms = 250};
  CHECK(retry_delay_ms(fixed, 1, 0) == 250);
  CHECK(retry_delay_ms(fixed, 8, 0) == 250);
  const retry_policy growing{
    .attempts_max = 99, .backoff = backoff_kind::exponential, .delay_ms = 1'000, .delay_max_ms = 30'000};
  CHECK(retry_delay_ms(growing, 1, 0) == 1'000);
  CHECK(retry_delay_ms(growing, 2, 0) == 2'000);
  CHECK(retry_delay_ms(growing, 5, 0) == 16'000);
  CHECK(retry_delay_ms(growing, 6, 0) == 30'000);
  CHECK(retry_delay_ms(growing, 4'000'000'000u, 0) == 30'000);
}

SCENARIO("jitter moves a delay by at most its share, both ways", "[retry]") {
  const retry_policy policy{.attempts_max = 3, .delay_ms = 1'000, .jitter_percent = 10};
  seeded_random random{7};
  std::uint64_t least = UINT64_MAX;
  std::uint64_t most = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto delay = retry_delay_ms(policy, 1, random.next());
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  CHECK(least >= 900);
  CHECK(least < 910);
  CHECK(most <= 1'100);
  CHECK(most > 1'090);
}
