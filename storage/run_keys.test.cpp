#include "storage/run_keys.hpp"

#include "runtime/seams.hpp"
#include "storage/store.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace penstock;

namespace {

constexpr std::array levels{keys::by_day, keys::by_hour, keys::by_minute, keys::by_second};

} // namespace

SCENARIO("a time's detail gives back the beginning of each unit", "[keys]") {
  seeded_random random{14};
  for (int i = 0; i < 1'000; ++i) {
    const auto t =
      from_ms(static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(to_ms(keys::end_of_time))));
    const auto detail = keys::time_detail(t);
    REQUIRE(detail.size() == keys::time_detail_size);
    for (const auto& level : levels) {
      const auto begin = keys::time_of_detail(std::string_view{detail}.substr(0, level.bytes));
      CHECK(begin <= t);
      CHECK(t - begin < level.unit);
      CHECK(begin.time_since_epoch() % level.unit == milliseconds{0});
    }
  }
  CHECK(keys::time_detail(keys::end_of_time + milliseconds{5}) ==
        keys::time_detail(keys::end_of_time - milliseconds{1}));
  CHECK(keys::time_detail(from_ms(-5)) == keys::time_detail(from_ms(0)));
}

SCENARIO("details and turned ids of later times come first", "[keys]") {
  seeded_random random{14};
  const auto prefix = keys::run_by_status_prefix(3, default_workspace, run_status::failed);
  for (int i = 0; i < 1'000; ++i) {
    const auto a = from_ms(static_cast<std::int64_t>(random.next() >> 20));
    const auto b = a + milliseconds{1 + static_cast<std::int64_t>(random.next() % 5'000'000)};
    CHECK(keys::time_detail(b) <= keys::time_detail(a));
    const run_id older{make_uuid7(a, 5, random.next())};
    const run_id newer{make_uuid7(b, 5, random.next())};
    CHECK(keys::time_of(older.raw) == a);
    const auto entry = [](run_id id) { return keys::run_by_status(3, default_workspace, run_status::failed, id); };
    CHECK(entry(newer) < entry(older));
    CHECK(entry(older).starts_with(prefix));
    CHECK(keys::turned_id(entry(older)) == older.raw);
    // All that were made at a time or before lie behind the border, all later ones in front of it.
    CHECK(entry(older) > keys::turned_from(prefix, a));
    CHECK(entry(newer) < keys::turned_from(prefix, a));
  }
}

SCENARIO("bases of counters do not run into each other", "[keys]") {
  const pipeline_id pipeline{make_uuid7(from_ms(1), 5, 7)};
  const workspace_id same{pipeline.raw};
  const std::vector<std::string> bases{keys::run_births_of_pipeline(1, pipeline, 3),
                                       keys::run_births_of_pipeline(2, pipeline, 3),
                                       keys::run_births_of_pipeline(1, pipeline, keys::any_status),
                                       keys::run_births_of_workspace(1, same, 3),
                                       keys::run_tally_of_workspace(1, same, keys::run_tally::bytes),
                                       keys::runs_of_partition(1, 3)};
  for (const auto& a : bases)
    for (const auto& b : bases) CHECK((&a == &b || !a.starts_with(b)));
}
