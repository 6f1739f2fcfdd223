#include "runtime/plan/compile_fixture.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::test;

TEST_CASE("the example of the pipelines document is accepted with warnings", "[plan]") {
  const auto compiled = compile_json(R"({ "name": "hubspot-contacts",
    "source": { "name": "hubspot", "stream": "contacts",
                "authentication": { "type": "api_key", "params": { "token": "pat-xxx" } } },
    "destination": { "name": "bigquery", "config": { "project_id": "my-project", "dataset": "raw_data" } } })");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  CHECK(shape_of(compiled) == "source; destination(source)");
  CHECK(compiled->warnings ==
        std::vector<std::string>{
          "task `source` cannot run: connector `hubspot` is not on this server, which has inline and file",
          "task `destination` cannot run: connector `bigquery` is not on this server, which has inline and file"});
  const task_spec& source = compiled->compiled.tasks[0];
  CHECK(source.type == task_type::source);
  CHECK(source.secrets == std::vector<std::string>{"pat-xxx"});
  CHECK(*source.config.find("connector")->as_string() == "hubspot");
  CHECK(*source.config.find("stream")->as_string() == "contacts");
}

TEST_CASE("a connector is named by name or type, its fields stand beside it or below", "[plan]") {
  for (const std::string source :
       {R"({"name": "inline", "rows": [{"a": 1}]})", R"({"type": "inline", "rows": [{"a": 1}]})",
        R"({"connector": "inline", "rows": [{"a": 1}]})", R"({"name": "inline", "config": {"rows": [{"a": 1}]}})",
        R"({"name": "inline", "params": {"rows": [{"a": 1}]}})",
        R"({"name": "my rows", "type": "inline", "rows": [{"a": 1}]})"}) {
    const auto compiled =
      compile_json(R"({"source": )" + source + R"(, "destination": {"type": "file", "format": "csv"}})");
    INFO(source << ": " << problem_of(compiled));
    REQUIRE(compiled);
    CHECK(compiled->warnings.empty());
    const value& config = compiled->compiled.tasks[0].config;
    CHECK(*config.find("connector")->as_string() == "inline");
    CHECK(write_json(*config.find("rows")) == R"([{"a":1}])");
    CHECK(write_json(compiled->compiled.tasks[1].config) == R"({"connector":"file","format":"csv","from":"source"})");
  }
}

TEST_CASE("transformations stand between source and destination", "[plan]") {
  for (const std::string name : {"transformations", "transforms"}) {
    const auto compiled = compile_yaml("source: {type: inline, rows: [{a: 1}]}\n" + name + R"(:
  - {type: sql, sql: select a + 1 a from input}
  - select * from transform_1
  - {query: select 3, retries: 2, checks: [select true]}
destination: {type: file}
quality_checks: [{name: some, sql: select count(*) > 0 from transform_3}, {sql: select true, table: source}]
)");
    INFO(problem_of(compiled));
    REQUIRE(compiled);
    CHECK(shape_of(compiled) == "source; transform_1(source); transform_2(source transform_1); "
                                "transform_3(source transform_1 transform_2); destination(transform_3)");
    const auto& tasks = compiled->compiled.tasks;
    CHECK(write_json(tasks[1].config) == R"({"sql":"select a + 1 a from input","input_alias":"input"})");
    CHECK(tasks[3].retry.attempts_max == 3);
    REQUIRE(tasks[3].checks.size() == 2);
    CHECK(tasks[3].checks[1].name == "some");
    CHECK(tasks[0].checks.size() == 1);
    CHECK(*tasks[4].config.find("from")->as_string() == "transform_3");
  }
}

TEST_CASE("a wrong definition of the pipelines form is refused", "[plan]") {
  CHECK(problem_of(compile_json(R"({"source": {"name": "hubspot"}})")) ==
        "destination is missing; a definition has source and destination");
  CHECK(problem_of(compile_json(R"({"destination": {"name": "file"}})")) ==
        "source is missing; a definition has source and destination | "
        "destination.needs is missing; a sink writes the table of a task it needs");
  CHECK(problem_of(compile_json(R"({"source": "hubspot", "destination": {"name": "bigquery"}})")) ==
        "source must be an object, not text");
  CHECK(problem_of(compile_json(R"({"source": {"rows": []}, "destination": {"name": "bigquery"}})")) ==
        "source must name its connector in type or name; it is inline or file");
  CHECK(problem_of(compile_json(R"({"source": {"name": "inline"}, "destination": {"name": "bigquery"}})")) ==
        "source.rows is missing; a source with connector `inline` needs it");
  CHECK(problem_of(compile_json(
          R"({"source": {"name": "file", "config": {"pth": "x"}, "path": "a.csv"}, "destination": {"name": "x"}})")) ==
        "source.config.pth is not a field of a source with connector `file`; did you mean `path`?");
  CHECK(
    problem_of(compile_json(
      R"({"source": {"name": "file", "config": {"path": "x.csv"}, "path": "a.csv"}, "destination": {"name": "x"}})")) ==
    "source.path is given twice");
  CHECK(problem_of(compile_json(R"({"source": {"name": "x"}, "destination": {"name": "inline"}})")) ==
        "destination.name must be file; inline is only for sources");
  CHECK(problem_of(compile_json(R"({"source": {"name": "x"}, "destination": {"name": "y"}, "transformatons": []})")) ==
        "transformatons is not a field of a definition; did you mean `transformations`?");
  CHECK(
    problem_of(compile_json(
      R"({"source": {"name": "x"}, "destination": {"name": "y"}, "transforms": ["selct 1", 2, {"type": "sql"}]})")) ==
    "transforms[0] does not parse: syntax error at or near \"selct\" | "
    "transforms[1] must be a SQL text or an object with sql, not an integer | "
    "transforms[2].sql is missing; a sql task needs it");
  CHECK(
    problem_of(compile_json(
      R"({"source": {"name": "x"}, "destination": {"name": "y"}, "quality_checks": [{"sql": "select 1", "table": "z"}]})")) ==
    "quality_checks[0].table names `z`, which is no step");
}

TEST_CASE("what this server does not know of a surface's form is a warning", "[plan]") {
  const auto compiled =
    compile_json(R"({"source": {"type": "inline", "rows": [{"a": 1}]}, "orchestration": {"engine": "airflow"},
    "transformations": [{"type": "lookup_join", "table": "x"}], "destination": {"type": "file"},
    "quality_checks": [{"type": "not_null", "column": "a", "table": "source"}]})");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  CHECK(
    compiled->warnings ==
    std::vector<std::string>{
      "field `orchestration` has no effect",
      "task `transform_1` cannot run: transformation type `lookup_join` is not on this server, which has sql",
      "task `source` cannot run: quality check of type `not_null` is not on this server, which has checks with sql"});
}

TEST_CASE("an unfinished definition is taken where one may be, with a warning for what is missing", "[plan]") {
  const auto unfinished = [](std::string text) {
    auto o = options();
    o.unfinished = true;
    return compile({definition_format::json, std::move(text)}, o);
  };
  const auto only_warning = [](const result<compiled_plan>& compiled) {
    INFO(problem_of(compiled));
    REQUIRE(compiled);
    REQUIRE(compiled->warnings.size() == 1);
    return compiled->warnings.front();
  };
  const auto empty = unfinished("{}");
  CHECK(only_warning(empty).starts_with("there are no tasks yet"));
  CHECK(shape_of(empty).empty());
  const auto source = unfinished(R"({"source": {"type": "inline", "rows": [{"a": 1}]}})");
  CHECK(only_warning(source).starts_with("destination is missing"));
  CHECK(shape_of(source) == "source");
  const auto steps = unfinished(R"({"transformations": ["select 1 a"], "destination": {"type": "file"}})");
  CHECK(only_warning(steps).starts_with("source is missing"));
  CHECK(shape_of(steps) == "transform_1; destination(transform_1)");
  const auto sink = unfinished(R"({"destination": {"type": "file"}})");
  REQUIRE(sink);
  CHECK(sink->warnings.size() == 2);
  CHECK(sink->compiled.tasks.front().unavailable.starts_with("there is nothing to write"));

  CHECK(unfinished(R"({"source": {"type": "x"}, "destination": {"type": "file"}})")->warnings.size() == 1);
  CHECK(problem_of(unfinished(R"({"tasks": []})")) == "tasks must have at least one task");
  CHECK(problem_of(unfinished(R"({"sources": [{"type": "inline", "rows": []}]})")).starts_with("target is missing"));
  CHECK(problem_of(unfinished(R"({"source": {"type": "inline"}})")).starts_with("source.rows is missing"));
  CHECK(problem_of(compile_json("{}")) != "compiles");
}
