#include "runtime/plan/compile.hpp"

#include "runtime/plan/compile_fixture.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::test;

TEST_CASE("what is no definition is refused", "[plan]") {
  CHECK(problem_of(compile_yaml("a list")) == "the definition must be an object, not text");
  CHECK(problem_of(compile_json("[]")) == "the definition must be an object, not a list");
  CHECK(problem_of(compile_json("{}")) ==
        "the definition must have tasks (a list), or source and destination, or sources, transformations and sinks");
  CHECK(problem_of(compile_yaml("version: 1\ntaks: [{id: a, type: noop}]\n")) ==
        "taks is not a field of a definition; did you mean `tasks`?");
  CHECK(problem_of(compile_yaml("tasks: [")) == "a list has no closing `]`");
  CHECK(problem_of(compile_json("{\"tasks\": [}")) == "expected a value");
}

TEST_CASE("beside the name of the tasks, what else is wrong is told too", "[plan]") {
  CHECK(problem_of(compile_yaml("nam: b\ntaks:\n  - {id: a, type: sehll}\n")) ==
        "nam is not a field of a definition; did you mean `name`? | "
        "taks is not a field of a definition; did you mean `tasks`? | "
        "taks[0].type `sehll` is no task type; did you mean `shell`?");
  CHECK(problem_of(compile_yaml("nam: b\npriority: 3\nsorces: {}\ntargt: {}\ncolour: red\n")) ==
        "nam is not a field of a definition; did you mean `name`? | priority must be HIGH, NORMAL or LOW | "
        "sorces is not a field of a definition; did you mean `sources`? | "
        "targt is not a field of a definition; did you mean `target`?");
}

TEST_CASE("a schedule in a definition is told where it belongs", "[plan]") {
  const std::string belongs = " beside the definition, or use `penstock schedule create`";
  CHECK(problem_of(compile_yaml("schedule: 0 2 * * *\ntasks: [{id: a, type: noop}]")) ==
        "schedule is not a field of a definition; give it" + belongs);
  CHECK(problem_of(compile_yaml("shedule: 0 2 * * *\ntasks: [{id: a, type: noop}]")) ==
        "shedule is not a field of a definition; give the schedule" + belongs);
  const auto pipelines = compile_json(
    R"({"source": {"name": "inline", "rows": [{"a": 1}]}, "destination": {"name": "file"}, "schedule": "0 2 * * *"})");
  REQUIRE(pipelines);
  CHECK(pipelines->warnings == std::vector<std::string>{"field `schedule` has no effect; give it" + belongs});
}

TEST_CASE("beside problems, what would only be a warning is told as well", "[plan]") {
  const auto compiled = compile_tasks("  - {id: a, type: source, connector: s3, bucket: b}\n"
                                      "  - {id: b, type: shell, command: '{{ env.X }} {{ params.q }} {{ params.'}\n");
  REQUIRE(!compiled);
  const std::string escape = "; for the text `{{` itself write `{{ \"{{\" }}`";
  CHECK(
    compiled.error().problems ==
    std::vector<problem>{
      {"tasks[0].connector", "task `a` cannot run: connector `s3` is not on this server, which has inline and file", 2,
       38},
      {"tasks[1].command",
       "tasks[1].command is wrong: `{{ env.X }}` begins with none of params, run, item, connection" + escape, 3, 35},
      {"tasks[1].command", "tasks[1].command is wrong: `{{` is not closed by `}}`" + escape, 3, 35},
      {"tasks[1].command", "parameter `q` is used (line 3) but not declared, so every start must give it", 3, 35}});
  // None is known to be declared where the declarations could not be read.
  CHECK(problem_of(compile_yaml("paramters: {q: 1}\ntasks: [{id: a, type: shell, command: '{{ params.q }}'}]")) ==
        "paramters is not a field of a definition; did you mean `parameters`?");
  CHECK(problem_of(compile_yaml("parameters: [q]\ntasks: [{id: a, type: shell, command: '{{ params.q }}'}]")) ==
        "parameters must be an object, not a list");
}

TEST_CASE("sizes of definitions are limited, and say by which setting", "[plan]") {
  const auto yaml = compile_yaml(std::string((1u << 20) + 1, ' '));
  REQUIRE(!yaml);
  CHECK(yaml.error().code == errc::too_large);
  CHECK(yaml.error().message == "the definition has 1048577 bytes of YAML; at most 1048576 are taken (--max-yaml)");
  std::string tasks;
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = std::to_string(i);
    tasks += (i == 0 ? "" : ",") + (R"({"id":"t)" + id + R"(","type":"noop","needs":[")") +
             (i == 0 ? "" : "t" + std::to_string(i - 1)) + "\"]}";
  }
  tasks = R"({"tasks":[)" + tasks.replace(tasks.find("[\"\"]"), 4, "[]") + "]}";
  for (const auto format : {definition_format::json, definition_format::yaml}) {
    compile_options options;
    const auto refused = compile({format, tasks}, options);
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::too_large);
    CHECK_THAT(refused.error().message,
               Catch::Contains("more than 100000 values; a definition may have no more (--max-definition-values)"));
    options.limits.values_max = 100'002; // The object, the list, and five for each task but the first.
    const auto taken = compile({format, tasks}, options);
    INFO((taken ? "" : taken.error().message));
    REQUIRE(taken);
    CHECK(taken->compiled.tasks.size() == 20'000);
  }
}

TEST_CASE("JSON and YAML of one definition make one plan", "[plan]") {
  const auto json = compile_json(R"({"tasks":[{"id":"a","type":"sleep","seconds":1.0}]})");
  const auto yaml = compile_yaml("tasks:\n  - {id: a, type: sleep, seconds: 1.0}\n");
  REQUIRE(json);
  REQUIRE(yaml);
  CHECK(json->compiled.tasks[0].config == yaml->compiled.tasks[0].config);
}

TEST_CASE("without a SQL parser SQL is taken as it is", "[plan]") {
  CHECK(compile({definition_format::yaml, "tasks: [{id: a, type: sql, sql: selct 1}]"}, compile_options{}).has_value());
}

TEST_CASE("warnings are limited in number", "[plan]") {
  std::string lines;
  for (int i = 0; i < 150; ++i) lines += "  - {id: s" + std::to_string(i) + ", type: source, connector: ftp}\n";
  const auto compiled = compile_tasks(lines);
  REQUIRE(compiled);
  REQUIRE(compiled->warnings.size() == 101);
  CHECK(compiled->warnings.back() == "and 50 more");
}

TEST_CASE("parameters are declared by type or by default", "[plan]") {
  const auto compiled = compile_yaml(R"(
parameters:
  a: {type: integer}
  b: {type: text, default: x, description: words}
  c: 1
  d: 1.5
  e: true
  f: [1]
  g: x
  h:
tasks: [{id: t, type: noop}]
)");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  std::string told;
  for (const parameter_spec& p : compiled->compiled.parameters)
    told += p.name + ":" + std::string{to_text(p.type)} + (p.has_default ? "=" : "") + " ";
  CHECK(told == "a:integer b:string= c:integer= d:number= e:boolean= f:list= g:string= h:any ");
}

TEST_CASE("declarations of parameters are checked", "[plan]") {
  const auto wrong = [](const std::string& parameters) {
    return problem_of(compile_yaml("parameters: " + parameters + "\ntasks: [{id: t, type: noop}]\n"));
  };
  CHECK(wrong("[a]") == "parameters must be an object, not a list");
  CHECK(wrong("{a b: 1}") == "parameters.a b has a name that is not a letter followed by letters, digits, _ or -");
  CHECK(wrong("{a: {type: dat}}") == "parameters.a.type must be any, string, integer, number, boolean, date, "
                                     "timestamp, list or object, not `dat`; did you mean `date`?");
  CHECK(wrong("{a: {type: date, default: soon}}") ==
        "parameters.a.default must be a date such as 2026-01-31, not `soon`");
  CHECK(wrong("{a: {type: integer, default: 1.5}}") == "parameters.a.default must be an integer, not a number");
  CHECK(wrong("{a: {defualt: 1}}") == "parameters.a.defualt is not a field of a parameter, which takes type, default "
                                      "or description; did you mean `default`?");
}
