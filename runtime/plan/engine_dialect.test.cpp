#include "runtime/plan/compile_fixture.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::test;

TEST_CASE("the example of the engine document is accepted with warnings", "[plan]") {
  const auto compiled =
    compile_yaml("version: 1\nsource:\n  connection: teradata-prod\ntarget:\n  connection: snowflake-dwh\n");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  CHECK(shape_of(compiled) == "source; target(source)");
  CHECK(compiled->warnings ==
        std::vector<std::string>{"task `source` cannot run: connection `teradata-prod` is not known on this server",
                                 "task `target` cannot run: connection `snowflake-dwh` is not known on this server"});
}

TEST_CASE("sources, transformations, sinks and checks are lists or objects", "[plan]") {
  const auto listed = compile_yaml(R"(
sources:
  - {name: orders, type: inline, rows: [{id: 1}]}
  - {name: raw customers, type: inline, rows: [{id: 1}]}
transformations:
  - {name: clean, type: sql_transform, sql: select * from orders}
  - {sql: select * from clean join raw_customers using (id)}
sinks:
  - {type: file, format: csv}
  - {name: copy, type: file, from: orders}
quality_checks:
  - {name: some, sql: select count(*) > 0 from clean, table: clean}
)");
  INFO(problem_of(listed));
  REQUIRE(listed);
  CHECK(shape_of(listed) == "orders; raw_customers; clean(orders raw_customers); "
                            "transform_2(orders raw_customers clean); sink_1(transform_2); copy(orders)");
  CHECK(listed->compiled.tasks[2].checks.size() == 1);
  CHECK(*listed->compiled.tasks[5].config.find("from")->as_string() == "orders");

  const auto named = compile_json(R"({"sources": {"raw": {"type": "inline", "rows": [{"a": 1}]}},
    "transformations": {"double": {"type": "sql", "sql": "select a * 2 a from raw"}},
    "sinks": {"out": {"type": "file", "path": "out.parquet"}}})");
  INFO(problem_of(named));
  REQUIRE(named);
  CHECK(shape_of(named) == "raw; double(raw); out(double)");
}

TEST_CASE("a step without a name gets one from its place", "[plan]") {
  const auto named = compile_json(R"({"sources": {"raw": {"type": "inline", "rows": [{"a": 1}]}},
    "sinks": {"": {"type": "file", "format": "csv"}}})");
  INFO(problem_of(named));
  REQUIRE(named);
  CHECK(shape_of(named) == "raw; sink_1(raw)");
}

TEST_CASE("the engine form needs a beginning and an end", "[plan]") {
  CHECK(problem_of(compile_yaml("target: {connection: x}")) ==
        "sources is missing; a definition has source or sources");
  CHECK(problem_of(compile_yaml("source: {connection: x}")) ==
        "target is missing; a definition has target, sinks or transformations");
  CHECK(problem_of(compile_yaml("sources: []\nsinks: []")) ==
        "sources must have at least one entry | sinks must have at least one entry");
  CHECK(problem_of(compile_yaml("sources: x\nsinks: {a: {type: x}}")) ==
        "sources must be a list or an object of steps, not text");
  CHECK(problem_of(compile_yaml("sources: {a: {type: x}, b: {type: x}}\nsinks: {a: {type: file, from: b}}")) ==
        "sinks.a.id `a` is also the id of sources.a");
  CHECK(problem_of(compile_yaml("sources: {a: {type: x}}\nsinks: {b: {type: file, from: c}}")) ==
        "sinks.b.from names `c`, which is no task");
  std::string many = "sources:\n";
  for (int i = 0; i < 501; ++i) many += "  - {type: x}\n";
  CHECK(problem_of(compile_yaml(many + "target: {connection: y}\n")) ==
        "sources makes more than 500 steps; write the definition with tasks instead");
}
