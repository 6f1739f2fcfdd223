#include "actors/core/audit_reads.hpp"

#include "actors/access_operations.hpp"
#include "actors/core/audit_bench.hpp"
#include "runtime/seams.hpp"

using namespace penstock;

namespace {

const workspace_id other{make_uuid7(from_ms(7), 3, 1)};

struct bench : audit_bench {
  [[nodiscard]] audit_page read(std::uint32_t limit, const audit_filter& filter = {},
                                std::optional<audit_cursor> before = {}) const {
    auto page = read_audit(*state, 3, default_workspace, filter, limit, before);
    REQUIRE(page);
    return std::move(*page);
  }
  /// Page by page to the end.
  [[nodiscard]] std::vector<std::string> objects(std::uint32_t limit, const audit_filter& filter = {}) const {
    std::vector<std::string> out;
    std::optional<audit_cursor> before;
    do {
      const auto page = read(limit, filter, before);
      CHECK(page.entries.size() <= limit);
      for (const auto& entry : page.entries) out.push_back(entry.what.object);
      before = page.next;
    } while (before);
    return out;
  }
};

audit_record named(std::string object) {
  audit_record what;
  what.object = std::move(object);
  return what;
}

} // namespace

SCENARIO("pages of whatever size show each entry of a workspace once, newest first, across partitions", "[audit]") {
  seeded_random random{3};
  bench b;
  std::map<std::tuple<std::int64_t, std::uint64_t, partition_id>, std::string> all;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const auto p = static_cast<partition_id>(random.next() % 4);
    const auto ms = static_cast<std::int64_t>(100 + random.next() % 40);
    const auto number = random.next() % 8;
    const auto object = std::to_string(ms) + "." + std::to_string(number) + "." + std::to_string(p);
    all[{ms, number, p}] = object;
    b.put({p, default_workspace, from_ms(ms), number}, named(object));
    b.put({p, other, from_ms(ms), number}, named("of another workspace"));
  }
  std::vector<std::string> expected;
  for (auto it = all.rbegin(); it != all.rend(); ++it) expected.push_back(it->second);
  for (const auto limit : {1u, 7u, 50u, 1'000u}) CHECK(b.objects(limit) == expected);
}

SCENARIO("entries are picked by time, subject, operation, object and result", "[audit]") {
  bench b;
  const auto id = make_uuid7(from_ms(9), 4, 5);
  const auto run = run_id{make_uuid7(from_ms(10), 4, 6)};
  for (std::uint64_t i = 1; i <= 20; ++i) {
    audit_record what;
    what.object = i == 7 ? to_text(id) : "o" + std::to_string(i);
    what.subject = i % 2 ? "odd" : "even";
    what.operation = i % 3 ? "a" : "b";
    what.result = i == 5 ? "forbidden" : "";
    if (i == 9) what.made = run;
    b.put({static_cast<partition_id>(i % 4), default_workspace, from_ms(static_cast<std::int64_t>(i)), i}, what);
  }
  audit_filter range;
  range.from = from_ms(3);
  range.to = from_ms(6);
  CHECK(b.objects(2, range) == std::vector<std::string>{"o6", "o5", "o4", "o3"});
  CHECK(b.objects(3, {.subject = "odd", .operation = "b"}) == std::vector<std::string>{"o15", "o9", "o3"});
  CHECK(b.objects(3, {.result = "forbidden"}) == std::vector<std::string>{"o5"});
  CHECK(b.objects(3, {.object = "o12"}) == std::vector<std::string>{"o12"});
  // An id may wear any surface's clothes, and a run is found by its id, too.
  auto hex = to_text(id);
  std::erase(hex, '-');
  CHECK(b.objects(3, {.object = "pipe_" + hex}) == std::vector<std::string>{to_text(id)});
  CHECK(b.objects(3, {.object = to_text(run)}) == std::vector<std::string>{"o9"});
}

SCENARIO("an entry says what other fields say of it", "[audit]") {
  bench b;
  audit_record what;
  what.key = api_key_id{make_uuid7(from_ms(9), 0, 5)};
  what.object_id = make_uuid7(from_ms(9), 4, 5);
  b.put({1, default_workspace, from_ms(1), 1}, what);
  const auto page = b.read(10, {.subject = shown_id(*what.key), .object = to_text(what.object_id), .result = "ok"});
  REQUIRE(page.entries.size() == 1);
  CHECK(page.entries[0].what.subject == shown_id(*what.key));
  CHECK(page.entries[0].what.object == to_text(what.object_id));
}

SCENARIO("a page looks at a bounded number of entries and says where to go on", "[audit]") {
  bench b;
  mutation_batch mutations;
  for (std::uint64_t i = 1; i <= 5'000; ++i)
    mutations.put(family::audit, keys::audit_place{1, default_workspace, from_ms(1'000'000), i}.encode(),
                  codec::encode(named(i == 1 ? "the oldest" : "another")));
  b.write(1, std::move(mutations));
  const auto first = b.read(10, {.object = "the oldest"});
  CHECK(first.entries.empty());
  CHECK(first.next);
  CHECK(b.objects(10, {.object = "the oldest"}) == std::vector<std::string>{"the oldest"});
}

SCENARIO("an entry that does not read is told", "[audit]") {
  bench b;
  mutation_batch mutations;
  mutations.put(family::audit, keys::audit_prefix(1, default_workspace) + "x", "y");
  b.write(1, std::move(mutations));
  CHECK(read_audit(*b.state, 3, default_workspace, {}, 10, {}).error().code == errc::corrupt_record);
}
