#include "runtime/engines/outbound_queue.hpp"

#include "runtime/seams.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <vector>

using namespace penstock;

namespace {

std::vector<outbound_queue::handle> all_next(outbound_queue& q) {
  std::vector<outbound_queue::handle> out;
  while (const auto next = q.next()) out.push_back(*next);
  return out;
}

using handles = std::vector<outbound_queue::handle>;

} // namespace

TEST_CASE("hosts take turns, within a host the oldest is first", "[engines][outbound]") {
  outbound_queue q(100, 100);
  for (const outbound_queue::handle h : {1, 2, 3, 4}) q.add(h, "a");
  q.add(5, "b");
  q.add(6, "c");
  q.add(7, "c");
  CHECK(all_next(q) == handles{1, 5, 6, 2, 7, 3, 4});
}

TEST_CASE("a host with its share under way does not hold up the others", "[engines][outbound]") {
  outbound_queue q(4, 2);
  for (const outbound_queue::handle h : {1, 2, 3, 4, 5}) q.add(h, "slow");
  for (const outbound_queue::handle h : {6, 7, 8}) q.add(h, "other");
  CHECK(all_next(q) == handles{1, 6, 2, 7});
  CHECK(q.waiting() == 4);
  q.remove(6);
  CHECK(all_next(q) == handles{8});
  q.remove(1);
  CHECK(all_next(q) == handles{3});
}

TEST_CASE("what is removed while it waits gets no turn, and hosts without requests are forgotten",
          "[engines][outbound]") {
  outbound_queue q(1, 1);
  q.add(1, "a");
  q.add(2, "a");
  q.add(3, "b");
  q.remove(1);
  q.remove(3);
  q.remove(99);
  CHECK(q.hosts() == 1);
  CHECK(all_next(q) == handles{2});
  CHECK(q.under_way() == 1);
  q.remove(2);
  CHECK(q.under_way() == 0);
  CHECK(q.hosts() == 0);
}

TEST_CASE("whatever comes and goes, limits hold and nothing waits while it could begin", "[engines][outbound]") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  seeded_random random(seed);
  outbound_queue q(7, 3);
  std::map<outbound_queue::handle, std::string> waiting, under_way;
  outbound_queue::handle last = 0;
  for (int i = 0; i < 5'000; ++i) {
    const auto n = random.next() % 10;
    if (n < 5) {
      const std::string host(1, static_cast<char>('a' + random.next() % 6));
      q.add(++last, host);
      waiting.emplace(last, host);
    } else {
      auto& from = n < 9 && !under_way.empty() ? under_way : waiting;
      if (from.empty()) continue;
      const auto at = std::next(from.begin(), static_cast<std::ptrdiff_t>(random.next() % from.size()));
      q.remove(at->first);
      from.erase(at);
    }
    for (const auto next : all_next(q)) under_way.insert(waiting.extract(next));
    std::map<std::string, std::size_t> per_host;
    for (const auto& [h, host] : under_way) ++per_host[host];
    REQUIRE(q.under_way() == under_way.size());
    REQUIRE(q.waiting() == waiting.size());
    REQUIRE(under_way.size() <= 7);
    for (const auto& [host, count] : per_host) REQUIRE(count <= 3);
    if (under_way.size() == 7) continue;
    for (const auto& [h, host] : waiting) REQUIRE(per_host[host] == 3);
  }
}
