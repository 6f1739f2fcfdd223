#include "runtime/plan/compile_fixture.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::test;

TEST_CASE("a shell task takes command, env and output", "[plan]") {
  CHECK(config_of("type: shell, command: ls, env: {A: x, B: 8080, C: true, D: 1.5}") ==
        R"({"command":"ls","env":{"A":"x","B":"8080","C":"true","D":"1.5"}})");
  CHECK(
    config_of("type: shell, command: ls, output: {format: csv, header: true, delimiter: ';', columns: {a: INTEGER}}") ==
    R"({"command":"ls","output":{"format":"csv","header":true,"delimiter":";","columns":{"a":"INTEGER"}}})");
  CHECK(wrong("type: shell") == "tasks[0].command is missing; a shell task needs it");
  CHECK(wrong("type: shell, command: ' '") == "tasks[0].command must not be empty");
  CHECK(wrong("type: shell, comand: ls") == "tasks[0].comand is not a field of a shell task; did you mean `command`?");
  CHECK(wrong("type: shell, command: ls, env: [A]") == "tasks[0].env must be an object, not a list");
  CHECK(wrong("type: shell, command: ls, env: {A: [1]}") == "tasks[0].env.A must be text, not a list");
  CHECK(wrong("type: shell, command: ls, output: csv") == "tasks[0].output must be an object, not text");
  CHECK(wrong("type: shell, command: ls, output: {}") ==
        "tasks[0].output.format is missing; it is csv, json, jsonl or parquet");
  CHECK(wrong("type: shell, command: ls, output: {format: cvs}") ==
        "tasks[0].output.format must be csv, json, jsonl or parquet, not `cvs`; did you mean `csv`?");
  CHECK(wrong("type: shell, command: ls, output: {format: csv, colums: [a]}") ==
        "tasks[0].output.colums is not a field of output, which takes format, columns, header or delimiter; did you "
        "mean `columns`?");
  CHECK(wrong("type: shell, command: ls, output: {format: csv, columns: [a, a]}") ==
        "tasks[0].output.columns[1] names column `a` again");
  CHECK(wrong("type: shell, command: ls, output: {format: csv, delimiter: ab}") ==
        "tasks[0].output.delimiter must be one character, not `ab`");
}

TEST_CASE("a sql task takes statements that parse", "[plan]") {
  CHECK(config_of("type: sql, sql: 'create table x as select 1; select * from x'") ==
        R"({"sql":"create table x as select 1; select * from x"})");
  CHECK(wrong("type: sql, sql: ''") == "tasks[0].sql must not be empty");
  CHECK(wrong("type: sql, sql: '-- nothing'") == "tasks[0].sql holds no statement");
  CHECK(wrong("type: sql, sql: selct 1") == "tasks[0].sql does not parse: syntax error at or near \"selct\"");
  // A placeholder is tried as a name and as a number.
  CHECK(only_task("type: sql, sql: 'select * from x limit {{ params.n }}'").id == "t");
  CHECK(only_task("type: sql, sql: '{{ params.statement }}'").id == "t");
  CHECK(wrong("type: sql, sql: 'selct {{ run.id }}'") ==
        "tasks[0].sql does not parse: syntax error at or near \"selct\"");
  CHECK(wrong("type: sql, sql: select 1, query: x") == "tasks[0].query is not a field of a sql task, which takes sql");
}

TEST_CASE("a http task takes a request and the statuses expected", "[plan]") {
  CHECK(
    config_of("type: http, url: 'https://example.org/{{ params.x }}', method: post, headers: {A: 1}, body: {b: [1]}, "
              "expect: [200, 2xx, 200-299]") ==
    R"({"url":"https://example.org/{{ params.x }}","method":"POST","headers":{"A":"1"},"body":{"b":[1]},)"
    R"("expect":[200,"2xx","200-299"]})");
  CHECK(only_task("type: http, url: '{{ params.url }}', expect: 404").id == "t");
  CHECK(wrong("type: http") == "tasks[0].url is missing; a http task needs it");
  CHECK(wrong("type: http, url: example.org") == "tasks[0].url must begin with http:// or https://");
  CHECK(wrong("type: http, url: 'http://a b'") == "tasks[0].url must not hold spaces or control characters");
  CHECK(wrong("type: http, url: 'http://a', method: FETCH") ==
        "tasks[0].method must be GET, POST, PUT, PATCH, DELETE or HEAD, not `FETCH`");
  constexpr auto statuses =
    " must be a status such as 200, a class such as 2xx, a range such as 200-299, or a list of those";
  for (const std::string bad : {"99", "600", "6xx", "x", "299-200", "[]", "1.5"})
    CHECK(wrong("type: http, url: 'http://a', expect: " + bad) == std::string{"tasks[0].expect"} + statuses);
  CHECK(wrong("type: http, url: 'http://a', expect: [200, ok]") == std::string{"tasks[0].expect[1]"} + statuses);
}

TEST_CASE("headers that no request can be given are refused when they are written", "[plan]") {
  const auto headers = [](const std::string& text) { return wrong("type: http, url: 'http://a', headers: " + text); };
  CHECK(headers("{Content-Length: 5, A: b, TE: '{{ params.te }}'}") ==
        "tasks[0].headers.Content-Length is set by what is sent; leave it out | "
        "tasks[0].headers.TE is set by what is sent; leave it out | "
        "parameter `te` is used (line 2) but not declared, so every start must give it");
  CHECK(headers("{a b: c}") == "tasks[0].headers.a b is no name of a header");
  CHECK(headers("{A: \"b\\nc\"}") == "tasks[0].headers.A must be a text without line breaks");
  CHECK(only_task("type: http, url: 'http://a', headers: {X-Te: a, Content-Type: text/plain}").id == "t");
}

TEST_CASE("paths that no file below the files directory has are refused when they are written", "[plan]") {
  const auto source = [](const std::string& path) { return wrong("type: source, connector: file, path: " + path); };
  CHECK(source("/abs/x.csv") == "tasks[0].path is absolute; name it relative to the server's files directory");
  CHECK(source("../x.csv") == "tasks[0].path holds '..', which is not allowed");
  CHECK(source("'*.csv'") == "tasks[0].path holds one of * ? [, which stand for several files");
  CHECK(source("'../{{ run.id }}.csv'") == "tasks[0].path holds '..', which is not allowed");
  CHECK(source("'/abs/{{ run.id }}.csv'") ==
        "tasks[0].path is absolute; name it relative to the server's files directory");
  CHECK(only_task("type: source, connector: file, path: '{{ run.id }}/..{{ run.id }}.csv'").id == "t");
  CHECK(problem_of(compile_tasks("  - {id: a, type: sql, sql: select 1}\n"
                                 "  - {id: t, type: sink, connector: file, needs: a, path: x/}\n")) ==
        "tasks[1].path does not name a file");
}

TEST_CASE("of several sinks without a path a warning says which writes the run's output", "[plan]") {
  const auto warnings = [](const std::string& sinks) {
    const auto compiled = compile_tasks("  - {id: a, type: sql, sql: select 1}\n" + sinks);
    return compiled ? compiled->warnings : problems_of(compiled);
  };
  const auto sink = [](const std::string& id, const std::string& more = "") {
    return "  - {id: " + id + ", type: sink, connector: file, needs: a" + more + "}\n";
  };
  CHECK(warnings(sink("x") + sink("y", ", format: csv")) ==
        std::vector<std::string>{
          "the sinks `x` and `y` have no path: only what `y`, the last, writes is the run's output"});
  CHECK(warnings(sink("x") + sink("p", ", path: p.csv") + sink("y") + sink("z")) ==
        std::vector<std::string>{
          "the sinks `x`, `y` and `z` have no path: only what `z`, the last, writes is the run's output"});
  CHECK(warnings(sink("x") + sink("y", ", path: y.csv")).empty());
  CHECK(warnings(sink("x", ", path: x.csv") + sink("y")).empty());
}

TEST_CASE("SQL that reads a task it does not need is a warning, and its config knows the task", "[plan]") {
  const auto compiled = compile_tasks("  - {id: Orders, type: sql, sql: select 1 a}\n"
                                      "  - {id: b, type: sql, sql: select 2 c}\n"
                                      "  - {id: c, type: sql, needs: b, sql: 'select c from ORDERS join b'}\n"
                                      "  - {id: d, type: sql, sql: 'with b as (select 1) select c, orders from b'}\n"
                                      "  - {id: e, type: sql, sql: 'select 1', checks: [select true from d]}\n");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  CHECK(
    compiled->warnings ==
    std::vector<std::string>{"task `c` reads `Orders`, a task of this pipeline that it does not need: add it to needs",
                             "task `e` reads `d`, a task of this pipeline that it does not need: add it to needs"});
  const auto& tasks = compiled->compiled.tasks;
  CHECK(write_json(tasks[2].config) == R"({"sql":"select c from ORDERS join b","other_tasks":["Orders"]})");
  CHECK(write_json(*tasks[3].config.find("other_tasks")) == R"(["b","c","Orders"])");
  CHECK(write_json(tasks[4].config) == R"({"sql":"select 1","other_tasks":["d"]})");
  CHECK_FALSE(tasks[0].config.find("other_tasks"));
}

TEST_CASE("a sleep task takes seconds or a time", "[plan]") {
  CHECK(config_of("type: sleep, seconds: 1.5") == R"({"seconds":1.5})");
  CHECK(config_of("type: sleep, seconds: '{{ params.n }}'") == R"({"seconds":"{{ params.n }}"})");
  CHECK(config_of("type: sleep, until: 2026-01-31T09:30:00+02:00") == R"({"until":"2026-01-31T09:30:00+02:00"})");
  CHECK(wrong("type: sleep") == "tasks[0] must have either seconds or until");
  CHECK(wrong("type: sleep, seconds: 1, until: 2026-01-31T09:30:00Z") == "tasks[0] must have either seconds or until");
  CHECK(wrong("type: sleep, seconds: 5m") == "tasks[0].seconds must be a number of seconds, not text");
  CHECK(wrong("type: sleep, seconds: -1") == "tasks[0].seconds must be from 0 to 315360000 (ten years)");
  CHECK(wrong("type: sleep, until: tomorrow") ==
        "tasks[0].until must be a time such as 2026-01-31T09:30:00Z, not `tomorrow`");
}

TEST_CASE("a run_pipeline task names a pipeline", "[plan]") {
  CHECK(config_of("type: run_pipeline, pipeline: other, parameters: {a: 1}") ==
        R"({"pipeline":"other","parameters":{"a":1}})");
  CHECK(wrong("type: run_pipeline") == "tasks[0].pipeline is missing; a run_pipeline task needs it");
  CHECK(wrong("type: run_pipeline, pipeline: x, parameters: [1]") ==
        "tasks[0].parameters must be an object, not a list");
}

TEST_CASE("a source reads rows of the definition or a file", "[plan]") {
  CHECK(config_of("type: source, connector: inline, rows: [{a: 1}]") == R"({"connector":"inline","rows":[{"a":1}]})");
  CHECK(only_task("type: source, connector: inline, rows: [], columns: [a]").id == "t");
  CHECK(only_task("type: source, connector: inline, rows: [[1]], columns: [a]").id == "t");
  CHECK(only_task("type: source, connector: inline, rows: '{{ params.rows }}'").id == "t");
  CHECK(wrong("type: source, connector: inline") ==
        "tasks[0].rows is missing; a source with connector `inline` needs it");
  CHECK(wrong("type: source, connector: inline, rows: []") == "tasks[0].rows has no row, so columns must be given");
  CHECK(wrong("type: source, connector: inline, rows: [{a: 1}, 2]") ==
        "tasks[0].rows[1] must be an object (column: value), not an integer");
  CHECK(wrong("type: source, connector: inline, rows: [[1]]") ==
        "tasks[0].rows[0] must be an object (column: value), or columns given, not a list");

  CHECK(config_of("type: source, connector: file, path: a/b.csv, header: true") ==
        R"({"connector":"file","path":"a/b.csv","header":true,"format":"csv"})");
  CHECK(config_of("type: source, connector: file, path: b.ndjson.gz").ends_with(R"("format":"jsonl"})"));
  CHECK(config_of("type: source, connector: file, path: '{{ params.file }}'") ==
        R"({"connector":"file","path":"{{ params.file }}"})");
  CHECK(wrong("type: source, connector: file, path: b.dat") ==
        "tasks[0].format is missing, and the name of the file tells none; it is csv, json, jsonl or parquet");
  CHECK(wrong("type: source, connector: file, path: b.json, header: true") ==
        "tasks[0].header is for format csv, not `json`");
  CHECK(wrong("type: source, connector: file, path: b.csv, rows: []") ==
        "tasks[0].rows is not a field of a source with connector `file`, which takes connector, path, format, columns, "
        "header or delimiter");
}

TEST_CASE("a sink writes the table of a task it needs", "[plan]") {
  const std::string tables =
    "  - {id: a, type: sql, sql: select 1}\n  - {id: b, type: sql, sql: select 2}\n  - {id: n, type: noop}\n";
  const auto config = [&](const std::string& sink) {
    const auto compiled = compile_tasks(tables + "  - {id: t, type: sink, connector: file, " + sink + "}\n");
    return compiled ? write_json(compiled->compiled.tasks.back().config) : problem_of(compiled);
  };
  CHECK(config("needs: a") == R"({"connector":"file","format":"parquet","from":"a"})");
  CHECK(config("needs: [a, n], path: x.csv") == R"({"connector":"file","path":"x.csv","format":"csv","from":"a"})");
  CHECK(config("needs: [a, b], from: b, format: json") == R"({"connector":"file","from":"b","format":"json"})");
  CHECK(config("needs: [a, b]") == "tasks[3].from is missing; the sink needs several tables and writes one of them");
  CHECK(config("needs: [a], from: b") == "tasks[3].from names `b`, which is not among needs");
  CHECK(config("needs: [a, n], from: n") == "tasks[3].from names `n` (noop), which makes no table");
  CHECK(config("needs: [n]") == "tasks[3].needs names no task with a table to write; `n` (noop) makes none");
  CHECK(config("path: x.csv") == "tasks[3].needs is missing; a sink writes the table of a task it needs");
  CHECK(config("needs: [a], delimiter: ';'") == "tasks[3].delimiter is for format csv, not `parquet`");
  CHECK(problem_of(compile_tasks(
          "  - {id: s, type: shell, command: ls}\n  - {id: t, type: sink, connector: file, needs: s}\n")) ==
        "tasks[1].needs names no task with a table to write; `s` (shell without output) makes none");
}

TEST_CASE("a connector or connection that is not here is a warning", "[plan]") {
  const auto compiled =
    compile_tasks("  - {id: a, type: source, connector: hubspot, stream: contacts, api_key: pat-xyz}\n"
                  "  - {id: b, type: sink, connection: dwh, needs: a}\n"
                  "  - {id: c, type: sink, connector: fiel, needs: a}\n");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  const auto& tasks = compiled->compiled.tasks;
  CHECK(tasks[0].unavailable == "connector `hubspot` is not on this server, which has inline and file");
  CHECK(write_json(tasks[0].config) == R"({"connector":"hubspot","stream":"contacts","api_key":"pat-xyz"})");
  CHECK(tasks[0].secrets == std::vector<std::string>{"pat-xyz"});
  CHECK(
    compiled->warnings ==
    std::vector<std::string>{
      "task `a` cannot run: connector `hubspot` is not on this server, which has inline and file",
      "task `b` cannot run: connection `dwh` is not known on this server",
      "task `c` cannot run: connector `fiel` is not on this server, which has inline and file; did you mean `file`?"});
  CHECK(wrong("type: source") == "tasks[0].connector is missing; it is inline or file");
  CHECK(wrong("type: sink, connector: inline, needs: []") ==
        "tasks[0].needs is missing; a sink writes the table of a task it needs | tasks[0].connector must be file; "
        "inline is only for sources");
}
