#include "runtime/forward_clock.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);

struct bench {
  void pass(milliseconds time) {
    wall->advance(time);
    ticks += time;
  }

  std::shared_ptr<manual_clock> wall = std::make_shared<manual_clock>(start);
  std::chrono::nanoseconds ticks{0};
  forward_clock clock{wall, [this] { return ticks; }, start - milliseconds{5'000}};
};

} // namespace

SCENARIO("a clock that runs forward shows the wall clock's time", "[clock]") {
  bench b;
  CHECK(b.clock.now() == start);
  b.pass(milliseconds{10});
  CHECK(b.clock.now() == start + milliseconds{10});
  // Put forward.
  b.wall->advance(milliseconds{60'000});
  CHECK(b.clock.now() == start + milliseconds{60'010});
}

SCENARIO("a wall clock that is put back makes it slower until it has caught up", "[clock]") {
  bench b;
  CHECK(b.clock.now() == start);
  b.wall->set(start - milliseconds{1'000});
  CHECK(b.clock.now() == start);
  b.pass(milliseconds{1'000});
  CHECK(b.clock.now() == start + milliseconds{900});
  // Looking often changes nothing.
  for (int i = 0; i < 1'000; ++i) {
    b.pass(milliseconds{1});
    (void)b.clock.now();
  }
  CHECK(b.clock.now() == start + milliseconds{1'800});
  b.pass(milliseconds{10'000});
  CHECK(b.clock.now() == b.wall->now());
}

SCENARIO("it goes on from the latest time that was stored, though the wall clock is behind it", "[clock]") {
  bench b;
  const forward_clock clock{b.wall, [&] { return b.ticks; }, start + milliseconds{7'200'000}};
  CHECK(clock.now() == start + milliseconds{7'200'000});
  b.pass(milliseconds{1'000});
  CHECK(clock.now() == start + milliseconds{7'200'900});
}
