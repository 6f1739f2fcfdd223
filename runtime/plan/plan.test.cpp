#include "runtime/plan/plan.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("names of task types, priorities and parameter types are read as they are written", "[plan]") {
  for (const auto name : task_type_names()) CHECK(to_text(*parse_task_type(name)) == name);
  for (const auto name : parameter_type_names()) CHECK(to_text(*parse_parameter_type(name)) == name);
  for (const auto p : {task_priority::low, task_priority::normal, task_priority::high})
    CHECK(parse_task_priority(to_text(p)) == p);
  CHECK(parse_task_priority("High") == task_priority::high);
  CHECK(parse_parameter_type("int") == parameter_type::integer);
  CHECK(!parse_task_type("SHELL"));
  CHECK(!parse_task_priority("MEDIUM"));
  CHECK(to_text(static_cast<task_type>(250)) == "unknown");
}
