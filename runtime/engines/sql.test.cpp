#include "runtime/engines/table_engine.hpp"

#include "runtime/engines/sql_check.hpp"
#include "runtime/engines/testing.hpp"
#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace penstock;

namespace {

attempt_request sql_request(engine_fixture& f, const std::string& sql, const std::string& id = "task") {
  auto request = f.request(task_type::sql, "{}", id);
  request.fields.config.set("sql", sql);
  return request;
}

attempt_result run_sql(engine_fixture& f, const std::string& sql) { return f.run(sql_request(f, sql)); }

} // namespace

TEST_CASE("the last query's result is the task's table", "[engines][sql]") {
  engine_fixture f;
  auto request =
    sql_request(f, "create table t as select i from range(10) r(i); select i, i * 2 twice from t -- a comment");
  const auto result = f.run(request);
  INFO(result.why.message);
  REQUIRE(result.outcome == attempt_outcome::succeeded);
  CHECK(result.rows == 10);
  REQUIRE(result.artifacts.size() == 1);
  CHECK(result.artifacts[0].name == "task.parquet");
  CHECK(std::filesystem::file_size(request.artifact_file) == result.bytes);
  CHECK(write_json(f.rows_of("select sum(twice) s from task", {f.table(request)})) == R"([{"s":90}])");
}

TEST_CASE("queries of every shape can come last", "[engines][sql]") {
  engine_fixture f;
  for (const std::string sql :
       {"values (1), (2)", "from range(2)", "with a as (select 1) select * from a union all select 2",
        "create table t as select 1 a union all select 2; summarize t; describe t; from t",
        "pivot (select 1 a, 2 b, 'x' c union all select 2, 3, 'y') on c using sum(b) group by a"}) {
    CAPTURE(sql);
    const auto result = run_sql(f, sql);
    CAPTURE(result.why.message);
    CHECK(result.outcome == attempt_outcome::succeeded);
    CHECK(result.rows == 2);
  }
  CHECK(run_sql(f, "create table t as select 1 a, 2 b; summarize t").rows == 2);
}

TEST_CASE("a table or view named like the task is its output when no query comes last", "[engines][sql]") {
  engine_fixture f;
  auto result = run_sql(f, "create table task as select 1 a; insert into task values (2)");
  CHECK(result.rows == 2);
  CHECK(result.artifacts.size() == 1);
  result = run_sql(f, "create view task as select 1 a");
  CHECK(result.rows == 1);
  result = run_sql(f, "create table other as select 1 a");
  CHECK(result.outcome == attempt_outcome::succeeded);
  CHECK(result.artifacts.empty());
}

TEST_CASE("inputs are tables by name, of one file or several, and by alias", "[engines][sql]") {
  engine_fixture f;
  auto one = sql_request(f, "select 1 a", "first-one"), two = sql_request(f, "select 2 a, 'x' b");
  REQUIRE(f.run(one).outcome == attempt_outcome::succeeded);
  REQUIRE(f.run(two).outcome == attempt_outcome::succeeded);
  auto request = sql_request(f, R"(select (select count(*) from "first-one") n, sum(a) s, max(b) b from input)");
  request.fields.config.set("input_alias", "input");
  request.fields.inputs = {{"first-one", {one.artifact_file}}, {"items", {one.artifact_file, two.artifact_file}}};
  const auto result = f.run(request);
  INFO(result.why.message);
  CHECK(result.rows == 1);
  CHECK(write_json(f.rows_of("from task", {f.table(request)})) == R"([{"n":1,"s":3,"b":"x"}])");
}

TEST_CASE("a mistake in the SQL fails for good, in DuckDB's words", "[engines][sql]") {
  engine_fixture f;
  auto result = run_sql(f, "selct 1");
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message.find("Parser Error: syntax error at or near \"selct\"") != std::string::npos);
  CHECK_FALSE(result.retryable);
  result = run_sql(f, "select 1; select nothing from nowhere");
  CHECK(result.why.message.find("Statement 2 of 2: Catalog Error: Table with name nowhere does not exist") == 0);
  CHECK(result.why.message.find("LINE 1: select nothing from nowhere") != std::string::npos);
  CHECK_FALSE(result.retryable);
  result = run_sql(f, "select 'x'::int");
  CHECK(result.why.message.find("Conversion Error") == 0);
  result = run_sql(f, " ; -- nothing");
  CHECK(result.why.code == errc::invalid_argument);
}

TEST_CASE("a table of a task that is not needed is told to be one", "[engines][sql]") {
  engine_fixture f;
  const auto told = [&](const std::string& sql, const std::string& check = "") {
    auto request = sql_request(f, sql);
    request.fields.config.set("other_tasks", value::list{"orders"});
    if (!check.empty()) request.fields.checks = {{"it", check}};
    return f.run(request).why.message;
  };
  CHECK(told("select * from Orders") ==
        "Catalog Error: Table with name Orders does not exist! `orders` is a task of this pipeline: add it to needs."
        "\n\nLINE 1: select * from Orders\n                      ^");
  CHECK(told("select * from a") ==
        "Catalog Error: Table with name a does not exist!\n\nLINE 1: select * from a\n                      ^");
  CHECK(
    told("select 1 a", "select true from orders")
      .starts_with(
        "The check 'it' could not be made: Catalog Error: Table with name orders does not exist! `orders` is a task"));
  CHECK(told("select 1 a, 'x'::int") ==
        "Conversion Error: Could not convert string 'x' to INT32\n\nLINE 1: select 1 a, 'x'::int\n"
        "                       ^");
}

TEST_CASE("checks see the output and decide", "[engines][sql][check]") {
  engine_fixture f;
  const auto with_check = [&](const std::string& check) {
    auto request = sql_request(f, "select 1 a union all select 2");
    request.fields.checks = {{"not empty", "select count(*) > 0 from task"}, {"it", check}};
    return f.run(request);
  };
  CHECK(with_check("select sum(a) = 3 from task -- yes").outcome == attempt_outcome::succeeded);
  CHECK(with_check("select count(*) from task").outcome == attempt_outcome::succeeded);
  const std::pair<std::string, std::string> failing[] = {
    {"select a > 1, a from task order by a", "The check 'it' failed: its query returned false, 1."},
    {"select null", "The check 'it' failed: its query returned NULL."},
    {"select 0", "The check 'it' failed: its query returned 0."},
    {"select 1 where false", "The check 'it' failed: its query returned no row."},
  };
  for (const auto& [sql, message] : failing) {
    const auto result = with_check(sql);
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK(result.why.message == message);
    CHECK(result.artifacts.empty());
    CHECK_FALSE(result.retryable);
  }
  CHECK(with_check("select x from task").why.message.find("The check 'it' could not be made: Binder Error") == 0);
}

TEST_CASE("SQL reaches nothing but what it was given", "[engines][sql][secret]") {
  engine_fixture f;
  const std::string secret = f.settings.data_dir + "/master.key";
  std::ofstream(secret) << "canary";
  std::filesystem::create_directories(f.settings.data_dir + "/artifacts/other");
  std::ofstream(f.settings.data_dir + "/artifacts/other/x.csv") << "a\n1\n";
  for (const std::string& sql : {
         std::string("select * from read_csv('/etc/passwd')"),
         "select * from read_text('" + secret + "')",
         "select * from read_csv('" + f.settings.data_dir + "/artifacts/other/x.csv')",
         "select * from glob('" + f.settings.data_dir + "/*')",
         "copy (select 1) to '" + f.settings.data_dir + "/out.csv'",
         "attach '" + f.settings.data_dir + "/db' as x",
         std::string("install httpfs"),
         std::string("load '/tmp/x.duckdb_extension'"),
         std::string("set enable_external_access = true"),
         std::string("set memory_limit = '100GB'"),
         std::string("set allowed_directories = ['/']"),
         std::string("select getenv('PATH')"),
         std::string("select * from '/proc/self/environ'"),
       }) {
    CAPTURE(sql);
    const auto result = run_sql(f, sql);
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK(result.why.message.find("canary") == std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(f.settings.data_dir + "/out.csv"));
  // A pattern that nothing allows finds nothing.
  CHECK(run_sql(f, "copy (select 1) to 'relative.csv'").outcome == attempt_outcome::failed);
}

TEST_CASE("SQL may use its own directory, and spills there", "[engines][sql]") {
  engine_fixture f;
  auto request = sql_request(f, "");
  request.fields.config.set("sql", "copy (select 7 a) to '" + request.work_dir + "/x.csv'; from '" + request.work_dir +
                                     "/x.csv'");
  const auto result = f.run(request);
  INFO(result.why.message);
  CHECK(result.rows == 1);
}

TEST_CASE("a query that wants more memory than there is fails within the limit", "[engines][sql][limit]") {
  engine_settings settings;
  settings.sql_memory_bytes = 128u << 20;
  engine_fixture f(settings);
  for (const std::string sql : {"select list(i) l from range(200000000) r(i)",
                                "select string_agg(repeat('x', 1000), '') from range(10000000)"}) {
    CAPTURE(sql);
    const auto result = run_sql(f, sql);
    INFO(result.why.message);
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK_FALSE(result.retryable);
    CHECK(result.why.message.find("emory") != std::string::npos);
  }
  CHECK(run_sql(f, "select count(*) from range(1000)").outcome == attempt_outcome::succeeded);
}

TEST_CASE("a query that takes too long is stopped, as is a cancelled one", "[engines][sql][kill]") {
  engine_fixture f;
  const std::string endless = "select count(*) from range(10000000000) a, range(1000) b";
  auto slow = sql_request(f, endless);
  slow.timeout_ms = 300;
  auto result = f.run(slow);
  CHECK(result.why.code == errc::timed_out);
  CHECK(result.why.message == "The SQL was stopped because it took longer than its limit of 300 ms.");
  awaited_result awaited;
  auto cancelled = sql_request(f, endless);
  const auto ref = cancelled.ref;
  f.engines->start(std::move(cancelled), awaited.callback());
  f.engines->cancel(ref);
  CHECK(awaited.wait().outcome == attempt_outcome::cancelled);
}

TEST_CASE("an output with more rows than allowed fails", "[engines][sql][limit]") {
  engine_settings settings;
  settings.rows_max = 100;
  engine_fixture f(settings);
  CHECK(run_sql(f, "from range(100)").outcome == attempt_outcome::succeeded);
  const auto result = run_sql(f, "from range(101)");
  CHECK(result.why.code == errc::too_large);
  CHECK(result.why.message == "The output has 101 rows; at most 100 are taken.");
}

TEST_CASE("sums of integers stay integers, and one too large is an error", "[engines][sql]") {
  engine_fixture f;
  CHECK(write_json(f.rows_of("select sum(i) s, count(*) n, 1 \"a\"\"b\" from range(4) r(i)")) ==
        R"([{"s":6,"n":4,"a\"b":1}])");
  CHECK(write_json(f.rows_of("select 9223372036854775807::hugeint h")) == R"([{"h":9223372036854775807}])");
  const auto result = run_sql(f, "select 9223372036854775808::hugeint h");
  CHECK(result.why.message.find("out of range") != std::string::npos);
}

TEST_CASE("random values differ from job to job", "[engines][sql]") {
  // Each child is a fork of the same process, whose state of random numbers it must not share.
  engine_fixture f;
  CHECK(write_json(f.rows_of("select uuid()::varchar u, random() r")) !=
        write_json(f.rows_of("select uuid()::varchar u, random() r")));
}

TEST_CASE("without DuckDB's library a task says so", "[engines][sql]") {
  engine_settings settings;
  settings.duckdb_library = "/no/such/libduckdb.so";
  engine_fixture f(settings);
  const auto result = run_sql(f, "select 1");
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message.find("DuckDB's library cannot be loaded: /no/such/libduckdb.so") == 0);
  sql_checker check(f.processes.sql);
  CHECK_FALSE(check("selct 1"));
}

TEST_CASE("a table's rows become items with their types", "[engines][sql][items]") {
  engine_fixture f;
  CHECK(write_json(f.rows_of(
          "select 1 a, 'x' b, 1.5::double c, true d, null::int e, [1, 2] g, {'h': 1} i, date '2026-01-02' j")) ==
        R"([{"a":1,"b":"x","c":1.5,"d":true,"e":null,"g":[1,2],"i":{"h":1},"j":"2026-01-02"}])");
  CHECK(write_json(f.rows_of("select 1 a where false")) == "[]");
  CHECK(f.rows_of("select i from range(60000) r(i)").as_list()->size() == 60'000);
}

TEST_CASE("too many items, or no table, are clear failures", "[engines][sql][items]") {
  engine_fixture f;
  const auto expand = [&](const std::string& sql) {
    auto made = sql_request(f, sql, "rows");
    REQUIRE(f.run(made).outcome == attempt_outcome::succeeded);
    auto items = f.request(task_type::sql, "{}");
    items.expand_items = true;
    items.fields.inputs = {f.table(made)};
    return f.run(items);
  };
  auto result = expand("from range(100001)");
  CHECK(result.why.code == errc::too_large);
  CHECK(result.why.message.find("more than 100000 rows") != std::string::npos);
  result = expand("select repeat('x', 1000) x from range(20000)");
  CHECK(result.why.message.find("16777216 bytes") != std::string::npos);
  auto none = f.request(task_type::noop, "{}");
  none.expand_items = true;
  none.fields.inputs = {{"nothing", {}}};
  result = f.run(none);
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message.find("'nothing' has no output table") != std::string::npos);
}

TEST_CASE("the checker tells text that parses from text that does not", "[engines][sql][checker]") {
  engine_fixture f;
  sql_checker check(f.processes.sql);
  CHECK_FALSE(check("select 1; select * from table_nobody_knows"));
  const auto words = check("select from where");
  REQUIRE(words);
  CHECK(words->find("syntax error") != std::string::npos);
  CHECK(check("select from where") == words);
  CHECK_FALSE(check("create table t as select 'a;b'"));
  CHECK_FALSE(check(""));
}

TEST_CASE("checks of a task without a table are made too", "[engines][noop][check]") {
  engine_fixture f;
  auto request = f.request(task_type::noop, "{}");
  request.fields.checks = {{"sums", "select 1 + 1 = 3"}};
  const auto result = f.run(request);
  CHECK(result.why.message == "The check 'sums' failed: its query returned false.");
}
