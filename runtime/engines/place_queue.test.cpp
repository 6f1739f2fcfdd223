#include "runtime/engines/place_queue.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace penstock;

namespace {

attempt_request waiting(std::uint32_t item) {
  attempt_request request;
  request.ref.item = item;
  return request;
}

} // namespace

TEST_CASE("whoever waits begins in order as places are left", "[engines][places]") {
  place_queue places{1};
  std::vector<std::uint32_t> begun;
  for (const std::uint32_t item : {0u, 1u, 2u}) places.enter(waiting(item), [&, item] { begun.push_back(item); });
  CHECK(begun == std::vector<std::uint32_t>{0});
  places.leave();
  CHECK(begun == std::vector<std::uint32_t>{0, 1});
  CHECK(places.withdraw(waiting(2).ref));
  places.leave();
  CHECK(places.has_room());
}

TEST_CASE("a hundred thousand who leave as they begin do not stand upon each other", "[engines][places]") {
  place_queue places{2};
  std::uint32_t begun = 0, depth = 0, deepest = 0;
  places.enter(waiting(0), [] {});
  places.enter(waiting(1), [] {});
  for (std::uint32_t item = 2; item < 100'002; ++item)
    places.enter(waiting(item), [&] {
      deepest = std::max(deepest, ++depth);
      ++begun;
      places.leave();
      --depth;
    });
  places.leave();
  CHECK(begun == 100'000);
  CHECK(deepest == 1);
  places.leave();
  CHECK(places.has_room());
  CHECK(places.waiting() == counts_by_priority{});
}

TEST_CASE("who comes while places are handed out stands behind those who wait", "[engines][places]") {
  place_queue places{1};
  std::vector<std::uint32_t> begun;
  places.enter(waiting(0), [] {});
  places.enter(waiting(1), [&] {
    begun.push_back(1);
    places.leave();
    places.enter(waiting(3), [&] { begun.push_back(3); });
  });
  places.enter(waiting(2), [&] { begun.push_back(2); });
  places.leave();
  CHECK(begun == std::vector<std::uint32_t>{1, 2});
  places.leave();
  CHECK(begun == std::vector<std::uint32_t>{1, 2, 3});
}
