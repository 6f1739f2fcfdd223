#include "runtime/engines/fair_queue.hpp"

#include "runtime/seams.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>

using namespace penstock;

namespace {

using queue = fair_queue<int, char, std::string>;

/// The groups in the order of their turns, until nobody waits or `most` had theirs.
std::string order(queue& q, std::size_t most = 1'000) {
  std::string out;
  while (most-- > 0)
    if (auto next = q.pop()) out += next->group;
    else break;
  return out;
}

} // namespace

SCENARIO("of equal priority, groups take turns and the oldest of a group is first", "[fair_queue]") {
  queue q;
  for (int i = 0; i < 4; ++i) q.push(i, 'a', task_priority::normal, "a" + std::to_string(i));
  q.push(10, 'b', task_priority::normal, "b0");
  q.push(11, 'b', task_priority::normal, "b1");
  q.push(20, 'c', task_priority::normal, "c0");
  std::vector<std::string> out;
  while (auto next = q.pop()) out.push_back(next->what);
  CHECK(out == std::vector<std::string>{"a0", "b0", "c0", "a1", "b1", "a2", "a3"});
}

SCENARIO("a group that comes anew waits behind one turn of each other, not behind all that they have", "[fair_queue]") {
  queue q;
  for (int i = 0; i < 1'000; ++i) q.push(i, 'a', task_priority::normal, {});
  CHECK(order(q, 10) == "aaaaaaaaaa");
  q.push(5'000, 'b', task_priority::normal, {});
  CHECK(order(q, 3).find('b') < 2);
}

SCENARIO("high priority comes first, and nothing starves", "[fair_queue]") {
  queue q;
  for (int i = 0; i < 130; ++i) {
    q.push(i, 'L', task_priority::low, {});
    q.push(1'000 + i, 'N', task_priority::normal, {});
    q.push(2'000 + i, 'H', task_priority::high, {});
  }
  CHECK(order(q, 13) == "HHHHHHHHNNNNL");
  const auto next = order(q, 130);
  CHECK(std::count(next.begin(), next.end(), 'H') == 80);
  CHECK(std::count(next.begin(), next.end(), 'N') == 40);
  CHECK(std::count(next.begin(), next.end(), 'L') == 10);
}

SCENARIO("what comes with high priority waits at most for the turns that the others have left", "[fair_queue]") {
  queue q;
  for (int i = 0; i < 100; ++i) q.push(i, 'L', task_priority::low, {});
  CHECK(order(q, 7) == "LLLLLLL");
  q.push(1'000, 'H', task_priority::high, {});
  CHECK(order(q, 1) == "H");
}

SCENARIO("whoever moves to another priority waits behind those who have it", "[fair_queue]") {
  queue q;
  q.push(1, 'a', task_priority::low, "first");
  q.push(2, 'a', task_priority::low, "second");
  q.push(3, 'a', task_priority::high, "third");
  q.move(2, task_priority::high);
  q.move(9, task_priority::high);
  CHECK(q.sizes() == counts_by_priority{2, 0, 1});
  CHECK(q.pop()->what == "third");
  CHECK(q.pop()->what == "second");
  CHECK(q.pop()->what == "first");
  CHECK_FALSE(q.pop());
}

SCENARIO("whoever is taken out has no turn any more", "[fair_queue]") {
  queue q;
  q.push(1, 'a', task_priority::normal, "one");
  q.push(2, 'b', task_priority::normal, "two");
  q.push(3, 'b', task_priority::normal, "three");
  CHECK(q.take(2)->what == "two");
  CHECK_FALSE(q.take(2));
  CHECK(q.ids_from(2, [](int id) { return id < 9; }) == std::vector{3});
  CHECK(order(q) == "ab");
}

SCENARIO("whatever comes and goes, everybody has one turn and no group waits long", "[fair_queue][random]") {
  const auto seed = GENERATE(range(1, 50));
  CAPTURE(seed);
  seeded_random random{static_cast<std::uint64_t>(seed)};
  fair_queue<std::uint64_t, std::uint64_t, int> q;
  std::multiset<std::uint64_t> there;
  for (int step = 0; step < 2'000; ++step) {
    const auto dice = random.next() % 10;
    const auto id = random.next() % 200;
    const auto priority = priorities_in_order[random.next() % 3];
    if (dice < 5) {
      q.push(id, random.next() % 7, priority, 0);
      there.insert(id);
    } else if (dice < 8) {
      const auto next = q.pop();
      REQUIRE(next.has_value() == !there.empty());
      if (next) {
        const auto at = there.find(next->id);
        REQUIRE(at != there.end());
        there.erase(at);
      }
    } else if (dice < 9) {
      const auto gone = q.take(id);
      REQUIRE(gone.has_value() == there.contains(id));
      if (gone) there.erase(there.find(id));
    } else {
      q.move(id, priority);
    }
    REQUIRE(q.size() == there.size());
    const auto sizes = q.sizes();
    REQUIRE(sizes[0] + sizes[1] + sizes[2] == there.size());
  }
}
