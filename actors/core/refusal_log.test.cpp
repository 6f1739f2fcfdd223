#include "actors/core/refusal_log.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);
const workspace_id other{make_uuid7(start, 1, 1)};

audit_record refused(std::string object) {
  audit_record what;
  what.object = std::move(object);
  what.result = "forbidden";
  return what;
}

} // namespace

SCENARIO("refusals are kept as they come", "[audit]") {
  refusal_log log;
  log.add(default_workspace, refused("a"), start);
  log.add(other, refused("b"), start + milliseconds{5});
  const auto kept = log.take(start + milliseconds{10});
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].workspace == default_workspace);
  CHECK(kept[0].at == start);
  CHECK(kept[1].what.object == "b");
  CHECK(kept[1].what.result == "forbidden");
  CHECK(log.take(start + milliseconds{20}).empty());
  CHECK(log.omitted() == 0);
}

SCENARIO("of a flood a few are kept, and the last of them says how many are missing", "[audit]") {
  refusal_log log{{.at_once = 3}};
  for (int i = 0; i < 100; ++i) log.add(default_workspace, refused(std::to_string(i)), start);
  log.add(other, refused("of another"), start);
  CHECK(log.take(start).size() == 4);
  CHECK(log.omitted() == 97);
  // When there is room again the last one stands for the others.
  const auto later = log.take(start + milliseconds{1'000});
  REQUIRE(later.size() == 1);
  CHECK(later[0].what.object == "99");
  CHECK(later[0].at == start);
  CHECK(later[0].what.omitted == 96);
  CHECK(log.take(start + milliseconds{1'500}).empty());
}

SCENARIO("one that finds room after a flood says how many had none", "[audit]") {
  refusal_log log{{.at_once = 1}};
  for (int i = 0; i < 5; ++i) log.add(default_workspace, refused("x"), start);
  log.add(default_workspace, refused("y"), start + milliseconds{2'500});
  const auto kept = log.take(start + milliseconds{2'500});
  REQUIRE(kept.size() == 2);
  CHECK(kept[1].what.object == "y");
  CHECK(kept[1].what.omitted == 4);
  // Room grows by the second and never beyond its size.
  log.add(default_workspace, refused("z"), start + milliseconds{3'400});
  CHECK(log.take(start + milliseconds{3'499}).size() == 1);
}

SCENARIO("a long flood is held to one a second, whatever its length", "[audit]") {
  refusal_log log{{.at_once = 10}};
  std::size_t kept = 0;
  std::uint64_t told = 0;
  for (int ms = 0; ms < 100'000; ++ms) {
    log.add(default_workspace, refused("x"), start + milliseconds{ms});
    if (ms % 500 != 0) continue;
    for (const auto& entry : log.take(start + milliseconds{ms})) {
      ++kept;
      told += entry.what.omitted;
    }
  }
  CHECK(kept >= 100);
  CHECK(kept <= 110);
  CHECK(told + kept >= 99'000);
  CHECK(told + kept <= 100'000);
}

SCENARIO("refusals of too many workspaces at a time are counted alone", "[audit]") {
  refusal_log log{{.workspaces_max = 2}};
  for (std::uint64_t i = 0; i < 5; ++i) log.add(workspace_id{make_uuid7(start, 1, i)}, refused("x"), start);
  CHECK(log.take(start).size() == 2);
  CHECK(log.omitted() == 3);
  // Whoever was quiet for a while is not held any more.
  CHECK(log.take(start + milliseconds{1'000}).empty());
  log.add(other, refused("x"), start + milliseconds{1'000});
  CHECK(log.take(start + milliseconds{1'000}).size() == 1);
}
