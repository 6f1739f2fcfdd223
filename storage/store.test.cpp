#include "storage/store.hpp"

#include "storage/memory_store.hpp"
#include "storage/rocksdb_store.hpp"
#include "storage/test_support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using namespace penstock::test;

namespace {

/// What every store does alike: each scenario runs on both kinds.
class on_rocksdb {
public:
  result<std::unique_ptr<store>> open() { return open_rocksdb_store(directory_.path(), durability::fsync); }

private:
  temporary_directory directory_;
};

class on_memory {
public:
  result<std::unique_ptr<store>> open() { return open_memory_store(disk_); }

private:
  std::shared_ptr<memory_disk> disk_ = std::make_shared<memory_disk>();
};

template <class Place>
std::unique_ptr<store> opened(Place& place) {
  auto s = place.open();
  if (!s) FAIL(s.error().message);
  return std::move(*s);
}

} // namespace

TEMPLATE_TEST_CASE("a store gives back what a turn wrote, also after it was closed", "[storage][store]", on_rocksdb,
                   on_memory) {
  TestType place;
  auto s = opened(place);
  auto first = put_entry(1, 1, "a", std::string("\0one", 4));
  first.mutations.put(family::index, "a", "index");
  first.mutations.add(family::counters, "total", 2);
  first.mutations.add(family::counters, "nothing", 4);
  auto second = put_entry(1, 2, "b", "two");
  second.mutations.remove(family::index, "a");
  second.mutations.add(family::counters, "total", -5);
  second.mutations.add(family::counters, "nothing", -4);
  REQUIRE(s->write_turn({first, put_entry(2, 1, "c", "three"), second}));
  for (const bool reopened : {false, true}) {
    if (reopened) {
      s.reset();
      s = opened(place);
    }
    CHECK(all_rows(*s, family::state) == rows{{"a", std::string("\0one", 4)}, {"b", "two"}, {"c", "three"}});
    CHECK(all_rows(*s, family::index).empty());
    CHECK(s->counter(family::counters, "total") == -3);
    CHECK(s->counter(family::counters, "none") == 0);
    std::string bytes;
    CHECK(s->counter(family::counters, "nothing") == 0);
    CHECK_FALSE(s->get(family::counters, "nothing", bytes));
    CHECK(s->get(family::state, "b", bytes));
    CHECK(bytes == "two");
    CHECK_FALSE(s->get(family::index, "b", bytes));
    CHECK(s->position(1).index == 2);
    CHECK(s->position(1).clock_ms == 2);
    CHECK(s->position(2).index == 1);
    CHECK(s->position(3).index == 0);
  }
}

TEMPLATE_TEST_CASE("of several changes of a key in one turn the last one counts, whoever made it", "[storage][store]",
                   on_rocksdb, on_memory) {
  TestType place;
  auto s = opened(place);
  auto first = put_entry(1, 1, "ab", "1");
  first.mutations.put(family::state, "a", "2");
  first.mutations.remove(family::state, "ab");
  first.mutations.put(family::index, "ab", "3");
  auto second = put_entry(2, 1, "ab", "4");
  second.mutations.put(family::state, "ab", "5");
  second.mutations.put(family::state, "gone", "6");
  second.mutations.remove(family::state, "gone");
  REQUIRE(s->write_turn({first, second}));
  const auto read = [&](family f, std::string_view key) {
    std::string bytes;
    return s->get(f, key, bytes) ? bytes : "nothing";
  };
  CHECK(read(family::state, "a") == "2");
  CHECK(read(family::state, "ab") == "5");
  CHECK(read(family::index, "ab") == "3");
  CHECK(read(family::state, "gone") == "nothing");
}

TEMPLATE_TEST_CASE("a scan visits a range in byte order until it is told to stop", "[storage][store]", on_rocksdb,
                   on_memory) {
  TestType place;
  const auto s = opened(place);
  std::vector<turn_entry> turn;
  for (const auto* key : {"b", "a", "\xff", "ab", "c"}) turn.push_back(put_entry(1, turn.size() + 1, key, key));
  REQUIRE(s->write_turn(turn));
  const auto keys = [&](std::string_view begin, std::string_view end, std::size_t most) {
    std::vector<std::string> out;
    s->scan(family::state, begin, end, [&](std::string_view key, std::string_view) {
      // What a scan visits may be read meanwhile.
      std::string bytes;
      CHECK(s->get(family::state, key, bytes));
      out.emplace_back(key);
      return out.size() < most;
    });
    return out;
  };
  CHECK(keys("a", "c", 9) == std::vector<std::string>{"a", "ab", "b"});
  CHECK(keys("aa", "\xff", 9) == std::vector<std::string>{"ab", "b", "c"});
  CHECK(keys("", "\xff\xff", 2) == std::vector<std::string>{"a", "ab"});
  CHECK(keys("c", "a", 9).empty());
  CHECK(keys("b", "b", 9).empty());
}

TEMPLATE_TEST_CASE("a counter can be overwritten and removed between additions of one turn", "[storage][store]",
                   on_rocksdb, on_memory) {
  TestType place;
  const auto s = opened(place);
  turn_entry entry{.partition = 1, .index = 1, .clock_ms = 1, .mutations = {}};
  entry.mutations.add(family::counters, "a", 5);
  entry.mutations.remove(family::counters, "a");
  entry.mutations.add(family::counters, "a", 2);
  entry.mutations.put(family::counters, "b", std::string("\0\0\0\0\0\0\0\x64", 8));
  entry.mutations.add(family::counters, "b", 1);
  entry.mutations.add(family::counters, "c", 1);
  entry.mutations.remove(family::counters, "c");
  REQUIRE(s->write_turn({entry}));
  CHECK(s->counter(family::counters, "a") == 2);
  CHECK(s->counter(family::counters, "b") == 101);
  std::string bytes;
  CHECK_FALSE(s->get(family::counters, "c", bytes));
}

TEMPLATE_TEST_CASE("a store refuses turns that no start could prove, and writes nothing of them", "[storage][store]",
                   on_rocksdb, on_memory) {
  TestType place;
  const auto s = opened(place);
  REQUIRE(s->write_turn({put_entry(1, 1, "a", "1")}));
  auto backwards = put_entry(1, 2, "b", "2");
  backwards.clock_ms = 0;
  auto own = put_entry(1, 2, "b", "2");
  own.mutations.put(family::meta, "\x02", "turn");
  auto garbage = put_entry(1, 2, "b", "2");
  garbage.mutations = mutation_batch::from_bytes("garbage");
  auto no_counter = put_entry(1, 2, "b", "2");
  no_counter.mutations.add(family::state, "a", 1);
  for (const auto& wrong : {put_entry(1, 1, "b", "2"), put_entry(1, 3, "b", "2"), put_entry(2, 2, "b", "2"), backwards,
                            own, garbage, no_counter}) {
    CHECK_FALSE(s->write_turn({wrong}));
    CHECK(all_rows(*s, family::state) == rows{{"a", "1"}});
    CHECK(s->position(1).index == 1);
  }
}

TEMPLATE_TEST_CASE("a checkpoint changes nothing that is read", "[storage][store]", on_rocksdb, on_memory) {
  TestType place;
  auto s = opened(place);
  rows expected;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    const auto key = std::to_string(i % 50);
    expected[key] = std::to_string(i);
    auto entry = put_entry(1, i, key, expected[key]);
    entry.mutations.add(family::counters, "n", 1);
    REQUIRE(s->write_turn({entry}));
    if (i % 100 == 0) {
      REQUIRE(s->checkpoint());
      if (i == 200) {
        s.reset();
        s = opened(place);
      }
      CHECK(all_rows(*s, family::state) == expected);
      CHECK(s->counter(family::counters, "n") == static_cast<std::int64_t>(i));
      CHECK(s->position(1).index == i);
    }
  }
  CHECK(s->disk_bytes() > 0);
}

TEMPLATE_TEST_CASE("readers never see a part of a turn", "[storage][store]", on_rocksdb, on_memory) {
  TestType place;
  const auto s = opened(place);
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const auto seen = all_rows(*s, family::state);
        for (const auto& [key, bytes] : seen)
          if (bytes != seen.begin()->second || seen.size() != 4) ++torn;
        std::this_thread::yield();
      }
    });
  for (std::uint64_t i = 1; i <= 200; ++i) {
    std::vector<turn_entry> turn;
    for (std::uint16_t p = 1; p <= 4; ++p) turn.push_back(put_entry(p, i, std::to_string(p), std::to_string(i)));
    REQUIRE(s->write_turn(turn));
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(torn == 0);
}

namespace {

turn_entry adding(std::uint64_t index, std::int64_t delta) {
  auto entry = put_entry(1, index, "a", std::to_string(index));
  for (const auto* counter : {"total", "beside", "more"}) entry.mutations.add(family::counters, counter, delta);
  return entry;
}

} // namespace

SCENARIO("a turn that is prepared while the one before is not yet written rests on it", "[storage][store]") {
  const temporary_directory directory;
  const auto open = [&](std::size_t counters_cached_max) {
    rocksdb_settings settings;
    settings.counters_cached_max = counters_cached_max;
    auto s = open_rocksdb_store(directory.path(), settings);
    if (!s) FAIL(s.error().message);
    return std::move(*s);
  };
  std::int64_t expected = 7;
  auto s = open(100);
  REQUIRE(s->write_turn({adding(1, 7)}));
  WHEN("one thread does both") {
    const std::vector<turn_entry> second{adding(2, 10)};
    const std::vector<turn_entry> third{adding(3, 100)};
    auto two = s->prepare(second);
    auto three = s->prepare(third);
    REQUIRE(two);
    REQUIRE(three);
    CHECK(s->position(1).index == 1);
    REQUIRE(s->write(std::move(*two)));
    CHECK(s->counter(family::counters, "total") == 17);
    REQUIRE(s->write(std::move(*three)));
    expected = 117;
  }
  WHEN("the cache of counters begins anew with every turn") {
    s.reset();
    s = open(1);
    const std::vector<turn_entry> second{adding(2, 10)};
    const std::vector<turn_entry> third{adding(3, 100)};
    auto two = s->prepare(second);
    REQUIRE(two);
    std::atomic<bool> prepared = false;
    std::thread other{[&] {
      auto three = s->prepare(third);
      prepared = true;
      if (three) (void)s->write(std::move(*three)).has_value();
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    CHECK_FALSE(prepared); // It would read what the second turn is about to change.
    CHECK(s->write(std::move(*two)));
    other.join();
    expected = 117;
  }
  WHEN("the first additions come behind a turn that overwrites a counter") {
    s.reset();
    s = open(100);
    std::vector<turn_entry> second{put_entry(1, 2, "a", "b")};
    second[0].mutations.remove(family::counters, "total");
    const std::vector<turn_entry> third{adding(3, 100)};
    auto two = s->prepare(second);
    REQUIRE(two);
    std::thread other{[&] {
      if (auto three = s->prepare(third)) (void)s->write(std::move(*three)).has_value();
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    CHECK(s->write(std::move(*two)));
    other.join();
    expected = 100;
  }
  for (const bool reopened : {false, true}) {
    if (reopened) {
      s.reset();
      s = open(100);
    }
    CHECK(s->counter(family::counters, "total") == expected);
    CHECK(s->position(1).index == 3);
  }
}
