#include "actors/core/timer_core.hpp"

#include "runtime/lifecycle/run.hpp"
#include "storage/memory_store.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);

keys::timer timer_at(milliseconds in, std::uint32_t task = 0) {
  return {1, start + in, 1, make_uuid7(start, 5, 1), task, 0, 1};
}

} // namespace

SCENARIO("timers fire in order of time, those far ahead stay in the store", "[timer]") {
  auto opened = open_memory_store(std::make_shared<memory_disk>());
  REQUIRE(opened);
  auto& state = **opened;
  const auto near = timer_at(milliseconds{500}, 1);
  const auto far = timer_at(3 * timer_core::window, 2);
  std::vector<turn_entry> turn(1);
  turn[0].partition = 1;
  turn[0].index = 1;
  turn[0].mutations.put(family::timers, near.encode(), {});
  turn[0].mutations.put(family::timers, far.encode(), {});
  REQUIRE(state.write_turn(turn));

  timer_core timers{state, 2};
  timers.refill(start);
  CHECK(timers.size() == 1);
  CHECK(timers.next() == near.due);

  const auto sooner = timer_at(milliseconds{100}, 3);
  timers.arm(sooner);
  timers.arm(far);
  timers.arm(sooner);
  CHECK(timers.size() == 2);
  CHECK(timers.take_due(start).empty());
  CHECK(timers.take_due(start + milliseconds{600}) == std::vector{sooner, near});

  timers.refill(start + 2 * timer_core::window);
  // What fired is in the store until its run has dealt with it, so it comes again: receivers drop repeats.
  CHECK(timers.take_due(far.due) == std::vector{near, far});
}

SCENARIO("schedules get notice of their due times once, and stay held", "[timer]") {
  auto opened = open_memory_store(std::make_shared<memory_disk>());
  REQUIRE(opened);
  timer_core timers{**opened, 2};
  timers.refill(start);
  const auto schedule_at = [](milliseconds in) {
    auto timer = timer_at(in);
    timer.kind = static_cast<std::uint8_t>(timer_kind::fire_schedule);
    return timer;
  };
  const auto soon = schedule_at(timer_core::ahead);
  const auto later = schedule_at(timer_core::ahead + milliseconds{1});
  for (const auto& timer : {soon, later, timer_at(milliseconds{500})}) timers.arm(timer);
  CHECK(timers.take_notice(start) == std::vector{soon});
  CHECK(timers.take_notice(start).empty());
  CHECK(timers.take_notice(start + milliseconds{1}) == std::vector{later});
  timers.arm(schedule_at(milliseconds{600}));
  CHECK(timers.take_notice(start + milliseconds{2}).empty());
  CHECK(timers.size() == 4);
}
