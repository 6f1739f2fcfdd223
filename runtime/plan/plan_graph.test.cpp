#include "runtime/plan/plan_graph.hpp"

#include "runtime/plan/compile_fixture.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::test;

TEST_CASE("tasks keep the order in which they are written as far as their needs allow", "[plan]") {
  CHECK(shape_of(compile_tasks("  - {id: d, type: noop, needs: [a, c]}\n"
                               "  - {id: c, type: noop, needs: b}\n"
                               "  - {id: b, type: noop}\n"
                               "  - {id: a, type: noop}\n"
                               "  - {id: e, type: noop}\n")) == "b; c(b); a; d(c a); e");
  CHECK(shape_of(compile_tasks(
          "  - {id: a, type: noop}\n  - {id: b, type: noop}\n  - {id: c, type: noop, needs: [b, a, b]}\n")) ==
        "a; b; c(a b)");
}

TEST_CASE("a cycle is named by its tasks", "[plan]") {
  CHECK(problem_of(compile_tasks("  - {id: a, type: noop, needs: b}\n  - {id: b, type: noop, needs: a}\n")) ==
        "tasks[0] needs itself: a -> b -> a (each needs the next)");
  // Of two cycles both are told, of what is only behind one nothing.
  CHECK(problems_of(compile_tasks("  - {id: behind, type: noop, needs: c}\n"
                                  "  - {id: c, type: noop, needs: b}\n"
                                  "  - {id: b, type: noop, needs: a}\n"
                                  "  - {id: a, type: noop, needs: [c, free]}\n"
                                  "  - {id: free, type: noop}\n"
                                  "  - {id: x, type: noop, needs: y}\n"
                                  "  - {id: y, type: noop, needs: x}\n")) ==
        std::vector<std::string>{"tasks[1] needs itself: c -> b -> a -> c (each needs the next)",
                                 "tasks[5] needs itself: x -> y -> x (each needs the next)"});
  CHECK(problem_of(compile_tasks("  - {id: a, type: noop, needs: a}\n")) == "tasks[0].needs names the task itself");
}

TEST_CASE("ids are unique and needs name tasks", "[plan]") {
  CHECK(problem_of(compile_tasks("  - {id: a, type: noop}\n  - {id: b, type: noop}\n  - {id: a, type: noop}\n")) ==
        "tasks[2].id `a` is also the id of tasks[0]");
  CHECK(problem_of(compile_tasks("  - {id: extract, type: noop}\n  - {id: b, type: noop, needs: [extrct]}\n")) ==
        "tasks[1].needs[0] names `extrct`, which is no task; did you mean `extract`?");
}

TEST_CASE("a long chain and a wide fan compile in linear time", "[plan]") {
  constexpr int count = 10'000;
  std::string chain = R"({"tasks":[{"id":"t0","type":"noop"})";
  std::string fan = chain;
  std::string backwards = R"({"tasks":[)";
  for (int i = 1; i < count; ++i) {
    const std::string head = R"(,{"id":"t)" + std::to_string(i) + R"(","type":"noop","needs":["t)";
    chain += head + std::to_string(i - 1) + "\"]}";
    fan += head + "0\"]}";
  }
  for (int i = count; i > 0; --i)
    backwards += R"({"id":"t)" + std::to_string(i) + R"(","type":"noop","needs":["t)" + std::to_string(i - 1) + "\"]},";
  backwards += R"({"id":"t0","type":"noop"})";
  for (const std::string& text : {chain, fan, backwards}) {
    const auto compiled = compile_json(text + "]}");
    REQUIRE(compiled);
    CHECK(compiled->compiled.tasks.size() >= count);
    CHECK(compiled->compiled.tasks.front().id == "t0");
  }
  const auto cycle = compile_json(R"({"tasks":[)" + std::string{R"({"id":"t0","type":"noop","needs":["t9999"]})"} +
                                  chain.substr(chain.find("},{") + 1) + "]}");
  CHECK(problem_of(cycle).starts_with("tasks[0] needs itself: t0 -> t9999 -> t9998 -> "));
}
