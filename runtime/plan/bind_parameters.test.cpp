#include "runtime/plan/compile.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

plan plan_with(parameter_type type) {
  plan p;
  p.parameters.push_back({.name = "x", .type = type, .has_default = false, .default_value = {}});
  return p;
}

std::string bound(const plan& p, std::string_view given) {
  const auto made = bind_parameters(p, read_json(given).value());
  return made ? write_json(*made) : made.error().message;
}

std::string bound_as(parameter_type type, const std::string& x) { return bound(plan_with(type), "{\"x\":" + x + "}"); }

} // namespace

TEST_CASE("a value of the declared type is taken", "[parameters]") {
  CHECK(bound_as(parameter_type::any, "null") == R"({"x":null})");
  CHECK(bound_as(parameter_type::string, "\"a\"") == R"({"x":"a"})");
  CHECK(bound_as(parameter_type::integer, "5") == R"({"x":5})");
  CHECK(bound_as(parameter_type::number, "5") == R"({"x":5})");
  CHECK(bound_as(parameter_type::number, "5.5") == R"({"x":5.5})");
  CHECK(bound_as(parameter_type::boolean, "false") == R"({"x":false})");
  CHECK(bound_as(parameter_type::date, "\"2026-02-28\"") == R"({"x":"2026-02-28"})");
  CHECK(bound_as(parameter_type::timestamp, "\"2026-02-28T01:02:03+01:00\"") == R"({"x":"2026-02-28T01:02:03+01:00"})");
  CHECK(bound_as(parameter_type::list, "[1]") == R"({"x":[1]})");
  CHECK(bound_as(parameter_type::object, "{}") == R"({"x":{}})");
}

TEST_CASE("a value of another type is refused by name", "[parameters]") {
  CHECK(bound_as(parameter_type::string, "5") == "parameter `x` must be text, not an integer");
  CHECK(bound_as(parameter_type::integer, "5.0") == "parameter `x` must be an integer, not a number");
  CHECK(bound_as(parameter_type::integer, "\"5\"") == "parameter `x` must be an integer, not text");
  CHECK(bound_as(parameter_type::number, "true") == "parameter `x` must be a number, not true or false");
  CHECK(bound_as(parameter_type::boolean, "1") == "parameter `x` must be true or false, not an integer");
  CHECK(bound_as(parameter_type::date, "\"2026-02-30\"") ==
        "parameter `x` must be a date such as 2026-01-31, not `2026-02-30`");
  CHECK(bound_as(parameter_type::date, "\"2026-02-28T00:00:00Z\"") ==
        "parameter `x` must be a date such as 2026-01-31, not `2026-02-28T00:00:00Z`");
  CHECK(bound_as(parameter_type::timestamp, "\"now\"") ==
        "parameter `x` must be a time such as 2026-01-31T09:30:00Z, not `now`");
  CHECK(bound_as(parameter_type::list, "{}") == "parameter `x` must be a list, not an object");
  CHECK(bound_as(parameter_type::object, "null") == "parameter `x` must be an object, not null");
}

TEST_CASE("defaults fill in, undeclared parameters pass, missing ones are named together", "[parameters]") {
  plan p;
  p.parameters.push_back(
    {.name = "b", .type = parameter_type::integer, .has_default = true, .default_value = value{7}});
  p.parameters.push_back({.name = "a", .type = parameter_type::string, .has_default = false, .default_value = {}});
  CHECK(bound(p, R"({"z":1,"a":"x","y":[2]})") == R"({"b":7,"a":"x","z":1,"y":[2]})");
  CHECK(bound(p, R"({"a":"x","b":8})") == R"({"b":8,"a":"x"})");
  CHECK(bound(plan{}, "null") == "{}");
  CHECK(bound(p, "[]") == "parameters must be an object, not a list");

  const auto wrong = bind_parameters(p, read_json(R"({"b":"x"})").value());
  REQUIRE(!wrong);
  CHECK(wrong.error().code == errc::invalid_argument);
  CHECK(wrong.error().message == "parameter `b` must be an integer, not text; parameter `a` is missing");
  REQUIRE(wrong.error().problems.size() == 2);
  CHECK(wrong.error().problems[0].field == "parameters.b");
  CHECK(wrong.error().problems[1].field == "parameters.a");
}
