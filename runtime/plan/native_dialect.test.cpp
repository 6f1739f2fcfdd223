#include "runtime/plan/compile_fixture.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::test;

TEST_CASE("the example of the manual compiles", "[plan]") {
  const auto compiled = compile_yaml(R"(
version: 1
parameters: { since: { type: date, default: 2026-01-01 } }
tasks:
  - id: packages
    type: shell
    command: dpkg-query -W -f='${Package},${Section},${Installed-Size}\n'
    output: { format: csv, columns: [package, section, kilobytes] }
  - id: by_section
    type: sql
    needs: [packages]
    sql: select section, sum(kilobytes) kilobytes, count(*) packages from packages group by 1 order by 2 desc
    checks: [ { name: not empty, sql: select count(*) > 0 from by_section } ]
  - id: report
    type: sink
    needs: [by_section]
    connector: file
    format: parquet
)");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  CHECK(compiled->warnings.empty());
  CHECK(shape_of(compiled) == "packages; by_section(packages); report(by_section)");
  const plan& made = compiled->compiled;
  CHECK(*made.tasks[0].config.find("command")->as_string() ==
        "dpkg-query -W -f='${Package},${Section},${Installed-Size}\\n'");
  REQUIRE(made.tasks[1].checks.size() == 1);
  CHECK(made.tasks[1].checks[0].name == "not empty");
  CHECK(write_json(made.tasks[2].config) == R"({"connector":"file","format":"parquet","from":"by_section"})");
  REQUIRE(made.parameters.size() == 1);
  CHECK(made.parameters[0].type == parameter_type::date);
  CHECK(*made.parameters[0].default_value.as_string() == "2026-01-01");
}

TEST_CASE("every problem of a definition is told at once, with its place", "[plan]") {
  const auto compiled = compile_yaml("version: 2\n"
                                     "paramters: {}\n"
                                     "tasks:\n"
                                     "  - id: a\n"
                                     "    type: sehll\n"
                                     "  - id: b\n"
                                     "    type: sql\n"
                                     "    sql: [select 1]\n"
                                     "    needs: [a, c]\n");
  REQUIRE(!compiled);
  CHECK(compiled.error().code == errc::invalid_argument);
  CHECK(compiled.error().problems ==
        std::vector<problem>{
          {"version", "version must be 1", 1, 10},
          {"paramters", "paramters is not a field of a definition; did you mean `parameters`?", 2, 12},
          {"tasks[0].type", "tasks[0].type `sehll` is no task type; did you mean `shell`?", 5, 11},
          {"tasks[1].sql", "tasks[1].sql must be text, not a list", 8, 10},
          {"tasks[1].needs[1]", "tasks[1].needs[1] names `c`, which is no task", 9, 16},
        });
  CHECK(compiled.error().message.starts_with("5 problems: line 1, column 10: version must be 1; line 2, column 12: "));
}

TEST_CASE("one problem is told in one sentence, many only in part", "[plan]") {
  const auto one = compile_tasks("  - {id: a, type: sql}\n");
  REQUIRE(!one);
  CHECK(one.error().message == "line 2, column 5: tasks[0].sql is missing; a sql task needs it");
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "  - {id: a" + std::to_string(i) + ", type: sql}\n";
  const auto many = compile_tasks(lines);
  REQUIRE(!many);
  CHECK(many.error().problems.size() == 100);
  CHECK(many.error().message.ends_with("; and 195 more"));
}

TEST_CASE("the top of a definition is checked", "[plan]") {
  CHECK(problem_of(compile_yaml("tasks: []")) == "tasks must have at least one task");
  CHECK(problem_of(compile_yaml("tasks: {a: 1}")) == "tasks must be a list, not an object");
  CHECK(problem_of(compile_yaml("tasks: [1]")) == "tasks[0] must be an object, not an integer");
  CHECK(problem_of(compile_yaml("version: '1'\ntasks: [{id: a, type: noop}]")) == "version must be 1");
  CHECK(problem_of(compile_yaml("name: [a]\ntasks: [{id: a, type: noop}]")) == "name must be text, not a list");
  CHECK(problem_of(compile_yaml("colour: red\ntasks: [{id: a, type: noop}]")) ==
        "colour is not a field of a definition, which takes name, description, parameters, timeout, priority, "
        "concurrency, defaults, version or tasks");
  CHECK(problem_of(compile_yaml("timeout: soon\ntasks: [{id: a, type: noop}]")) ==
        "timeout must be a number of seconds or a text such as 500ms, 30s, 5m, 2h or 1d, not `soon`");
  CHECK(problem_of(compile_yaml("priority: 3\ntasks: [{id: a, type: noop}]")) ==
        "priority must be HIGH, NORMAL or LOW");
  CHECK(problem_of(compile_yaml("defaults: {retires: 1}\ntasks: [{id: a, type: noop}]")) ==
        "defaults.retires is not a field of defaults, which takes retries or timeout; did you mean `retries`?");
  compile_options few = options();
  few.tasks_max = 1;
  CHECK(problem_of(compile({definition_format::yaml, "tasks: [{id: a, type: noop}, {id: b, type: noop}]"}, few)) ==
        "tasks has 2 tasks; at most 1 are taken");
}

TEST_CASE("defaults hold for tasks that say nothing themselves", "[plan]") {
  const auto compiled = compile_yaml(R"(
tasks:
  - {id: a, type: noop}
  - {id: b, type: noop, retries: 0, timeout: 5}
timeout: 1h
priority: low
defaults: {retries: {attempts: 3, backoff: exponential}, timeout: 2m}
)");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  CHECK(compiled->compiled.timeout_ms == 3'600'000);
  CHECK(compiled->compiled.priority == task_priority::low);
  const auto& tasks = compiled->compiled.tasks;
  CHECK(tasks[0].retry == retry_policy{.attempts_max = 3, .backoff = backoff_kind::exponential});
  CHECK(tasks[0].timeout_ms == 120'000);
  CHECK(tasks[1].retry == retry_policy{});
  CHECK(tasks[1].timeout_ms == 5'000);

  compile_options surface = options();
  surface.default_retry = {.attempts_max = 4, .delay_ms = 60'000};
  surface.default_timeout_ms = 3'600'000;
  const auto plain = compile({definition_format::yaml, "tasks: [{id: a, type: noop}]"}, surface);
  REQUIRE(plain);
  CHECK(plain->compiled.tasks[0].retry == surface.default_retry);
  CHECK(plain->compiled.timeout_ms == 3'600'000);
  CHECK_FALSE(plain->compiled.priority);
}

TEST_CASE("ids and types of tasks are checked", "[plan]") {
  CHECK(problem_of(compile_tasks("  - {type: noop}\n")) == "tasks[0].id is missing; every task needs one");
  CHECK(problem_of(compile_tasks("  - {id: 7, type: noop}\n")) == "tasks[0].id must be text, not an integer");
  CHECK(problem_of(compile_tasks("  - {id: a b, type: noop}\n")) ==
        "tasks[0].id must be a letter or _ followed by up to 99 letters, digits, _ or -, not `a b`");
  CHECK(problem_of(compile_tasks("  - {id: 1a, type: noop}\n")).starts_with("tasks[0].id must be a letter"));
  CHECK(compile_tasks("  - {id: " + std::string(100, 'a') + ", type: noop}\n"));
  CHECK(!compile_tasks("  - {id: " + std::string(101, 'a') + ", type: noop}\n"));
  CHECK(problem_of(compile_tasks("  - {id: a}\n")) ==
        "tasks[0].type is missing; it is noop, shell, sql, http, source, sink, sleep or run_pipeline");
  CHECK(wrong("type: spark") ==
        "tasks[0].type `spark` is no task type; there are noop, shell, sql, http, source, sink, sleep or run_pipeline");
  CHECK(wrong("type: SQL, sql: select 1") == "tasks[0].type `SQL` is no task type; did you mean `sql`?");
}

TEST_CASE("a misspelt field is one problem, at its place, and stands for what was meant", "[plan]") {
  CHECK(wrong("typ: shell, command: ls") == "tasks[0].typ is not a field of a task; did you mean `type`?");
  CHECK(wrong("Type: sehll") == "tasks[0].Type is not a field of a task; did you mean `type`? | "
                                "tasks[0].Type `sehll` is no task type; did you mean `shell`?");
  CHECK(wrong("typ: shell, comand: ls") == "tasks[0].typ is not a field of a task; did you mean `type`? | "
                                           "tasks[0].comand is not a field of a shell task; did you mean `command`?");
  const auto both = compile_tasks("  - {idd: a, type: noop}\n  - {id: b, type: noop, needs: [a]}\n");
  REQUIRE(!both);
  CHECK(both.error().problems ==
        std::vector<problem>{{"tasks[0].idd", "tasks[0].idd is not a field of a task; did you mean `id`?", 2, 11}});
  CHECK(wrong("type: source, conector: file, path: a.csv") ==
        "tasks[0].conector is not a field of a source task; did you mean `connector`?");
  CHECK(wrong("type: sink, conector: file, pth: a.csv, header: 1") ==
        "tasks[0].needs is missing; a sink writes the table of a task it needs | "
        "tasks[0].conector is not a field of a sink task; did you mean `connector`? | "
        "tasks[0].pth is not a field of a sink with connector `file`; did you mean `path`? | "
        "tasks[0].header must be true or false, not an integer | tasks[0].header is for format csv, not `parquet`");
  CHECK(wrong("type: sink, conector: s3") ==
        "tasks[0].conector is not a field of a sink task; did you mean `connector`? | "
        "task `t` cannot run: connector `s3` is not on this server, which has inline and file");
  CHECK(wrong("type: source, connection: [a]") == "tasks[0].connector is missing; it is inline or file");
}

TEST_CASE("retries are a number or a policy", "[plan]") {
  const auto policy = [](const std::string& text) { return only_task("type: noop, retries: " + text).retry; };
  CHECK(policy("0") == retry_policy{.attempts_max = 1});
  CHECK(policy("3") == retry_policy{.attempts_max = 4});
  CHECK(policy("{max: 5, delay: 2, backoff: exponential, max_delay: 1m, jitter: 20}") ==
        retry_policy{.attempts_max = 6,
                     .backoff = backoff_kind::exponential,
                     .delay_ms = 2'000,
                     .delay_max_ms = 60'000,
                     .jitter_percent = 20});
  CHECK(policy("{attempts: 2, delay: 250ms}") == retry_policy{.attempts_max = 2, .delay_ms = 250});

  const auto refusal = [](const std::string& text) { return wrong("type: noop, retries: " + text); };
  CHECK(refusal("-1") == "tasks[0].retries must be an integer from 0 to 1000, not -1");
  CHECK(refusal("often") == "tasks[0].retries must be an integer or an object with max, delay and backoff, not text");
  CHECK(refusal("{delay: 1}") == "tasks[0].retries must have max (tries after the first) or attempts (all tries)");
  CHECK(refusal("{max: 1, attempts: 2}") ==
        "tasks[0].retries must have max (tries after the first) or attempts (all tries), not both");
  CHECK(refusal("{max: 1, jitter: 101}") == "tasks[0].retries.jitter must be an integer from 0 to 100, not 101");
  CHECK(refusal("{max: 1, backoff: linear}") == "tasks[0].retries.backoff must be fixed or exponential");
  CHECK(
    refusal("{max: 1, dely: 1}") ==
    "tasks[0].retries.dely is not a field of retries, which takes max, attempts, delay, backoff, max_delay or jitter; "
    "did you mean `delay`?");
}

TEST_CASE("the fields every task may have are read", "[plan]") {
  const auto task =
    only_task("type: sql, sql: select 1, timeout: 1.5, when: '{{ params.full }}', pool: heavy, priority: high, "
              "secrets: [abc, '{{ params.token }}'], description: x, idempotent: true, "
              "checks: [select true, {name: two, sql: select 2}]");
  CHECK(task.timeout_ms == 1'500);
  CHECK(*task.when.as_string() == "{{ params.full }}");
  CHECK(task.pool == "heavy");
  CHECK(task.priority == task_priority::high);
  CHECK(task.priority_given);
  CHECK_FALSE(only_task("type: noop").priority_given);
  CHECK(task.secrets == std::vector<std::string>{"abc", "{{ params.token }}"});
  CHECK(task.idempotent);
  REQUIRE(task.checks.size() == 2);
  CHECK(task.checks[0].name == "check 1");
  CHECK(task.checks[1].name == "two");
  CHECK(task.checks[1].sql == "select 2");
}

TEST_CASE("of very many SQL texts only the first are parsed", "[plan]") {
  auto few = options();
  few.sql_texts_max = 2;
  const auto compiled = compile({definition_format::yaml, "version: 1\ntasks:\n- {id: a, type: sql, sql: select 1}\n"
                                                          "- {id: b, type: sql, sql: select 2}\n"
                                                          "- {id: c, type: sql, sql: selct 3}\n"},
                                few);
  REQUIRE(compiled);
  REQUIRE(compiled->warnings.size() == 1);
  CHECK(compiled->warnings[0].starts_with("only the first 2 SQL texts were parsed"));
}

TEST_CASE("a task has at most a thousand secrets", "[plan]") {
  const auto listed = [](int count) {
    std::string texts;
    for (int i = 0; i < count; ++i) texts += "secret" + std::to_string(i) + ",";
    return "type: shell, command: 'true', env: {TOKEN: abcdef}, secrets: [" + texts + "]";
  };
  CHECK(only_task(listed(999)).secrets.size() == 1'000);
  CHECK(wrong(listed(1'000)).find("has 1001 secrets") != std::string::npos);
}

TEST_CASE("the fields every task may have are checked", "[plan]") {
  CHECK(wrong("type: noop, timeout: 0").ends_with("or 1d, not nothing"));
  CHECK(wrong("type: noop, timeout: -1").ends_with("or 1d, not a negative or too large number"));
  CHECK(wrong("type: noop, timeout: [1]").ends_with("or 1d, not a list"));
  CHECK(wrong("type: noop, when: 'a = 1'") ==
        "tasks[0].when must be true, false or one placeholder such as {{ params.full }}; nothing else is evaluated");
  CHECK(wrong("type: noop, when: '{{ params.x }} > 1'").starts_with("tasks[0].when must be true, false"));
  CHECK(wrong("type: noop, when: [1]") == "tasks[0].when must be true, false or one placeholder, not a list");
  CHECK(wrong("type: noop, pool: ''") == "tasks[0].pool must not be empty");
  CHECK(wrong("type: noop, priority: urgent") == "tasks[0].priority must be HIGH, NORMAL or LOW");
  CHECK(wrong("type: noop, secrets: abc") == "tasks[0].secrets must be a list, not text");
  CHECK(wrong("type: noop, secrets: [1]") == "tasks[0].secrets[0] must be text, not an integer");
  CHECK(wrong("type: noop, idempotent: 'yes'") == "tasks[0].idempotent must be true or false, not text");
  CHECK(wrong("type: noop, needs: 3") == "tasks[0].needs must be a list of task ids or one, not an integer");
  CHECK(wrong("type: noop, needs: [3]") == "tasks[0].needs[0] must be text, not an integer");
  CHECK(wrong("type: sql, sql: select 1, checks: [{name: a}]") == "tasks[0].checks[0].sql is missing");
  CHECK(wrong("type: sql, sql: select 1, checks: [{sql: select 1; select 2}]") ==
        "tasks[0].checks[0].sql must be one statement");
  CHECK(wrong("type: sql, sql: select 1, checks: [{sql: selct 1}]") ==
        "tasks[0].checks[0].sql does not parse: syntax error at or near \"selct\"");
  CHECK(wrong("type: noop, checks: [select 1]") ==
        "tasks[0].checks need a table, and `t` (noop) makes none; put them on the task whose table they read");
  CHECK(wrong("type: noop, retires: 3") == "tasks[0].retires is not a field of a noop task; did you mean `retries`?");
  CHECK(wrong("type: noop, colour: red") ==
        "tasks[0].colour is not a field of a noop task, which has no fields of its own");
}

TEST_CASE("for_each takes a number, a list, a task or a placeholder", "[plan]") {
  CHECK(only_task("type: noop, for_each: 5").for_each.kind == for_each_kind::count);
  CHECK(only_task("type: noop, for_each: 5").for_each.count == 5);
  const auto list = only_task("type: shell, command: 'echo {{ item }}', for_each: [a, b]").for_each;
  CHECK(list.kind == for_each_kind::list);
  CHECK(write_json(list.items) == R"(["a","b"])");
  const auto bound = only_task("type: noop, for_each: '{{ params.names }}'").for_each;
  CHECK(bound.kind == for_each_kind::list);
  CHECK(*bound.items.as_string() == "{{ params.names }}");

  const auto table = compile_tasks("  - {id: each, type: shell, command: 'echo {{ item.a }}', for_each: rows}\n"
                                   "  - {id: rows, type: sql, sql: select 1 a}\n");
  REQUIRE(table);
  CHECK(shape_of(table) == "rows; each(rows)");
  CHECK(table->compiled.tasks[1].for_each.kind == for_each_kind::table);
  CHECK(table->compiled.tasks[1].for_each.table == 0);

  CHECK(wrong("type: noop, for_each: -1") == "tasks[0].for_each must be an integer from 0 to 100000, not -1");
  CHECK(wrong("type: noop, for_each: 100001") == "tasks[0].for_each must be an integer from 0 to 100000, not 100001");
  CHECK(wrong("type: noop, for_each: 1.5") ==
        "tasks[0].for_each must be an integer, a list, the id of a task or a placeholder, not a number");
  CHECK(wrong("type: noop, for_each: x") ==
        "tasks[0].for_each names `x`, which is no task whose rows could be the items");
  CHECK(wrong("type: shell, command: 'echo {{ item }}'") == "tasks[0] uses {{ item }} without for_each");
  CHECK(problem_of(compile_tasks("  - {id: a, type: noop}\n  - {id: b, type: noop, for_each: a}\n")) ==
        "tasks[1].for_each names `a` (noop), which makes no table");
}

TEST_CASE("placeholders that mean nothing are refused when they are written", "[plan]") {
  CHECK(wrong("type: shell, command: 'echo {{ params.x'") ==
        "tasks[0].command is wrong: `{{` is not closed by `}}`; for the text `{{` itself write `{{ \"{{\" }}`");
  CHECK(
    wrong("type: shell, command: 'echo {{ parms.x }}'") ==
    "tasks[0].command is wrong: `{{ parms.x }}` begins with none of params, run, item, connection; for the text `{{` "
    "itself write `{{ \"{{\" }}`");
  CHECK(wrong("type: http, url: 'http://a', headers: {X: '{{ params }}'}") ==
        "tasks[0].headers.X is wrong: `{{ params }}` needs a name behind `params.`");
}

TEST_CASE("parameters that nobody declared are a warning", "[plan]") {
  const auto compiled =
    compile_yaml("parameters: {since: 2026-01-01}\n"
                 "tasks: [{id: a, type: shell, command: 'echo {{ params.sicne }} {{ params.since }}'}]\n");
  REQUIRE(compiled);
  CHECK(compiled->warnings ==
        std::vector<std::string>{"parameter `sicne` is used (line 2) but not declared, so every start "
                                 "must give it; did you mean `since`?"});
}
