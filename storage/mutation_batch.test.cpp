#include "storage/column_families.hpp"
#include "storage/store.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace penstock;

namespace {

mutation_batch sample() {
  mutation_batch batch;
  batch.put(family::state, "key", std::string("\0value", 6));
  batch.remove(family::index, "");
  batch.add(family::counters, "total", std::numeric_limits<std::int64_t>::min());
  batch.put(family::history, std::string(300, 'k'), std::string(100'000, 'v'));
  return batch;
}

bool decodes(std::string_view bytes) {
  return for_each_mutation(bytes, [](const mutation_view&) {}).has_value();
}

} // namespace

SCENARIO("mutations come back in order as they were put in", "[storage][mutations]") {
  const auto batch = mutation_batch::from_bytes(sample().bytes());
  std::vector<mutation_view> seen;
  REQUIRE(for_each_mutation(batch.bytes(), [&](const mutation_view& m) { seen.push_back(m); }));
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].kind == mutation_kind::put);
  CHECK(seen[0].where == family::state);
  CHECK(seen[0].key == "key");
  CHECK(seen[0].bytes == std::string("\0value", 6));
  CHECK(seen[1].kind == mutation_kind::remove);
  CHECK(seen[1].key.empty());
  CHECK(seen[2].kind == mutation_kind::add);
  CHECK(seen[2].delta == std::numeric_limits<std::int64_t>::min());
  CHECK(seen[3].key.size() == 300);
  CHECK(seen[3].bytes.size() == 100'000);
}

SCENARIO("an addition at several levels comes back as one addition each", "[storage][mutations]") {
  mutation_batch batch;
  batch.add_levels(family::counters, "base", "dhm", 0b1101, -3);
  batch.add_levels(family::counters, "all", "", 0b1, 1);
  std::vector<std::pair<std::string, std::int64_t>> seen;
  REQUIRE(for_each_mutation(batch.bytes(), [&](const mutation_view& m) {
    CHECK(m.kind == mutation_kind::add);
    CHECK(m.where == family::counters);
    seen.emplace_back(m.key, m.delta);
  }));
  REQUIRE(seen.size() == 4);
  CHECK(seen[0] == std::pair{std::string("base\0", 5), std::int64_t{-3}});
  CHECK(seen[1].first == level_key("base", "dh", 2));
  CHECK(seen[2].first == std::string("base\3dhm", 8));
  CHECK(seen[3] == std::pair{std::string("all\0", 4), std::int64_t{1}});
}

SCENARIO("additions at levels that do not decode are refused", "[storage][mutations]") {
  mutation_batch batch;
  batch.add_levels(family::counters, "base", "dhm", 0b1101, 300);
  const auto& good = batch.bytes();
  for (std::size_t cut = 1; cut < good.size(); ++cut) CHECK_FALSE(decodes(good.substr(0, cut)));
  auto finer = good;
  finer[finer.find("dhm") + 3] = 0b10000; // A fourth byte of three.
  CHECK_FALSE(decodes(finer));
}

SCENARIO("an empty batch has no mutations", "[storage][mutations]") {
  CHECK(mutation_batch{}.empty());
  CHECK(decodes(""));
}

SCENARIO("bytes that are no mutations are refused and never read beyond their end", "[storage][mutations]") {
  mutation_batch batch;
  batch.put(family::state, "key", "value");
  const auto& good = batch.bytes();
  for (std::size_t cut = 1; cut < good.size(); ++cut) {
    // A copy of its own, so that a read beyond the end is one beyond an allocation.
    const std::vector<char> part(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(cut));
    CHECK_FALSE(decodes({part.data(), part.size()}));
  }
  auto bad_kind = good;
  bad_kind[0] = 9;
  CHECK_FALSE(decodes(bad_kind));
  auto bad_family = good;
  bad_family[1] = 0;
  CHECK_FALSE(decodes(bad_family));
  bad_family[1] = static_cast<char>(family_slots);
  CHECK_FALSE(decodes(bad_family));
  auto huge_key = good;
  huge_key[2] = '\x7f';
  CHECK_FALSE(decodes(huge_key));
  const auto failed = for_each_mutation(good + "x", [](const mutation_view&) {});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == errc::corrupt_record);
}
