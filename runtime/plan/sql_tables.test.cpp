#include "runtime/plan/sql_tables.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

using names = std::vector<std::string>;

} // namespace

TEST_CASE("names of a SQL text are found outside of texts and comments", "[plan][sql]") {
  CHECK(names_in_sql("SELECT a.B, 'c', E'd\\' e', $$f$$, $x$g$x$, 1 -- h\n/* i /* j */ k */ FROM \"L m\"") ==
        names{"a", "b", "from", "l m", "select"});
  CHECK(names_in_sql("").empty());
  CHECK(names_in_sql("\"") == names{""});
}

TEST_CASE("tables that a SQL text reads are told from its words", "[plan][sql]") {
  CHECK(tables_in_sql("select * from A") == names{"a"});
  CHECK(tables_in_sql("select * from a x, b as y, \"c-d\" join e on e.i = a.i left join f using (i)") ==
        names{"a", "b", "c-d", "e", "f"});
  CHECK(tables_in_sql("from a; insert into t select * from b where i in (select i from c)") == names{"a", "b", "c"});
  CHECK(tables_in_sql("select a, b from range(10), main.t, read_csv('x')").empty());
  CHECK(tables_in_sql("with a as (select 1), b (x, y) as materialized (from a) select * from a, b, c") == names{"c"});
  CHECK(tables_in_sql("create table if not exists t as from a; create or replace temp view v as from t; from t, v") ==
        names{"a"});
  CHECK(tables_in_sql("select extract(year from d), trim(both 'x' from (e)), a is distinct from b").empty());
  CHECK(tables_in_sql("select (select trim(x) from a)") == names{"a"});
  CHECK(tables_in_sql("select * from {{ params.x }}").empty());
  CHECK(tables_in_sql("from").empty());
}
