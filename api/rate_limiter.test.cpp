#include "api/rate_limiter.hpp"

#include <catch2/catch.hpp>

#include <thread>
#include <vector>

using namespace penstock;

namespace {

const auto start = from_ms(1'700'000'000'000);

uuid client(std::uint64_t n) { return make_uuid7(start, 0, n * 0x9e3779b97f4a7c15); }

/// How many of `wanted` requests at `now` are let through.
int taken(rate_limiter& limiter, const uuid& who, std::uint32_t rate, timestamp now, int wanted) {
  int allowed = 0;
  for (int i = 0; i < wanted; ++i) allowed += limiter.take(who, rate, now).allowed ? 1 : 0;
  return allowed;
}

} // namespace

SCENARIO("a client may send five seconds' worth at once, then its rate", "[rate]") {
  rate_limiter limiter;
  for (const std::uint32_t rate : {1u, 3u, 7u, 2'000u, 999'999u}) {
    const auto who = client(rate);
    const auto burst = static_cast<int>(std::min(5 * rate, 20'000u));
    CHECK(taken(limiter, who, rate, start, burst) == burst);
    if (5 * rate > 20'000) continue;
    CHECK(taken(limiter, who, rate, start, 10) == 0);
    CHECK(taken(limiter, who, rate, start + milliseconds{2'000}, 20'000) == static_cast<int>(2 * rate));
    // However long it was quiet, it is never more than the burst.
    CHECK(taken(limiter, who, rate, start + milliseconds{100'000}, 20'000) == burst);
  }
}

SCENARIO("the headers' numbers follow the bucket", "[rate]") {
  rate_limiter limiter;
  const auto who = client(1);
  auto state = limiter.take(who, 10, start);
  CHECK(state.limit == 10);
  CHECK(state.remaining == 49);
  CHECK(state.full_at_s == 1'700'000'001);
  for (int i = 0; i < 49; ++i) state = limiter.take(who, 10, start);
  CHECK(state.allowed);
  CHECK(state.remaining == 0);
  CHECK(state.full_at_s == 1'700'000'005);
  // A refusal costs nothing.
  for (int i = 0; i < 5; ++i) CHECK_FALSE(limiter.take(who, 10, start).allowed);
  CHECK(limiter.take(who, 10, start + milliseconds{5'000}).remaining == 49);
}

SCENARIO("clients do not share", "[rate]") {
  rate_limiter limiter;
  CHECK(taken(limiter, client(1), 1, start, 100) == 5);
  CHECK(taken(limiter, client(2), 1, start, 100) == 5);
}

SCENARIO("a clock that steps back empties no bucket for longer than it takes to fill", "[rate]") {
  rate_limiter limiter;
  const auto who = client(1);
  CHECK(taken(limiter, who, 10, start, 20) == 20);
  const auto back = start - std::chrono::hours{1};
  CHECK(taken(limiter, who, 10, back, 100) == 0);
  CHECK(taken(limiter, who, 10, back + milliseconds{1'000}, 100) == 10);
}

SCENARIO("buckets that are full again are forgotten, and there are never more than the bound", "[rate]") {
  rate_limiter limiter{6'400};
  for (std::uint64_t i = 0; i < 50'000; ++i) (void)limiter.take(client(i), 1, start);
  CHECK(limiter.size() <= 6'400);
  CHECK(limiter.size() > 3'000);
  rate_limiter quiet{1'000'000};
  for (std::uint64_t i = 0; i < 200'000; ++i)
    (void)quiet.take(client(i), 1'000, start + milliseconds{static_cast<std::int64_t>(i)});
  CHECK(quiet.size() < 20'000);
}

SCENARIO("threads together get no more than one would", "[rate]") {
  rate_limiter limiter;
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { allowed += taken(limiter, client(1), 1'000, start, 3'000); });
  for (auto& t : threads) t.join();
  CHECK(allowed == 5'000);
}
