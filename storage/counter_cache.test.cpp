#include "storage/counter_cache.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace penstock;

namespace {

struct fixture {
  std::map<std::string, std::int64_t, std::less<>> stored;
  int loads = 0;
  int writes = 0;
  counter_cache cache{3, [this](family, std::string_view key) -> std::optional<std::int64_t> {
                        ++loads;
                        if (key == "text") return std::nullopt;
                        const auto it = stored.find(key);
                        return it == stored.end() ? 0 : it->second;
                      }};

  fixture() { cache.expect_additions(family::counters); }
  void drain() {
    cache.drain([this](family, std::string_view key, std::int64_t v) {
      ++writes;
      stored[std::string(key)] = v;
    });
  }
};

} // namespace

SCENARIO("additions of a turn become one absolute value", "[storage][counters]") {
  fixture f;
  f.stored["a"] = 10;
  CHECK(f.cache.add(family::counters, "a", 5));
  CHECK(f.cache.add(family::counters, "a", -1));
  f.drain();
  CHECK(f.stored["a"] == 14);
  CHECK(f.writes == 1);
  CHECK(f.cache.add(family::counters, "a", 1));
  f.drain();
  CHECK(f.stored["a"] == 15);
  CHECK(f.loads == 1);
  f.drain();
  CHECK(f.writes == 2);
}

SCENARIO("the last of several writes to a counter counts", "[storage][counters]") {
  fixture f;
  CHECK(f.cache.add(family::counters, "a", 5));
  f.cache.overwritten(family::counters, "a", std::nullopt);
  f.drain();
  CHECK(f.writes == 0);
  f.cache.overwritten(family::counters, "a", encode_counter(100));
  CHECK(f.cache.add(family::counters, "a", 1));
  f.drain();
  CHECK(f.stored["a"] == 101);
  CHECK(f.cache.add(family::counters, "b", 1));
  f.cache.overwritten(family::counters, "b", encode_counter(7));
  CHECK(f.cache.add(family::counters, "b", 1));
  f.drain();
  CHECK(f.stored["b"] == 8);
}

SCENARIO("a cache that has grown too large starts afresh", "[storage][counters]") {
  fixture f;
  for (const auto* key : {"a", "b", "c", "d"}) CHECK(f.cache.add(family::counters, key, 1));
  f.drain();
  CHECK(f.cache.is_full());
  f.cache.forget();
  CHECK(f.cache.size() == 0);
  CHECK(f.cache.add(family::counters, "a", 1));
  f.drain();
  CHECK(f.stored["a"] == 2);
}

SCENARIO("adding to what is no counter is refused", "[storage][counters]") {
  fixture f;
  CHECK_FALSE(f.cache.add(family::counters, "text", 1));
  f.cache.overwritten(family::counters, "a", "text");
  CHECK_FALSE(f.cache.add(family::counters, "a", 1));
}

SCENARIO("counters survive being stored", "[storage][counters]") {
  for (const std::int64_t v : {std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN})
    CHECK(decode_counter(encode_counter(v)) == v);
  CHECK_FALSE(decode_counter("1234567"));
}
