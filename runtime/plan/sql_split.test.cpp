#include "runtime/plan/sql_split.hpp"

#include <catch2/catch.hpp>

#include <string>

using penstock::split_sql;
using parts = std::vector<std::string_view>;

TEST_CASE("a SQL text is split at its semicolons", "[sql]") {
  CHECK(split_sql("select 1; select 2 ;\n") == parts{"select 1", "select 2"});
  CHECK(split_sql("select 1") == parts{"select 1"});
  CHECK(split_sql("").empty());
  CHECK(split_sql(" ;; ; ").empty());
}

TEST_CASE("semicolons in quotes do not count", "[sql]") {
  CHECK(split_sql("select ';'; select 2") == parts{"select ';'", "select 2"});
  CHECK(split_sql("select 'a'';b'; select 2") == parts{"select 'a'';b'", "select 2"});
  CHECK(split_sql("select \"a;\"\"b\"; select 2") == parts{"select \"a;\"\"b\"", "select 2"});
  // A backslash escapes only behind E.
  CHECK(split_sql("select '\\'; select 2") == parts{"select '\\'", "select 2"});
  CHECK(split_sql("select E'\\';'; select 2") == parts{"select E'\\';'", "select 2"});
  CHECK(split_sql("select nameE'\\'; select 2") == parts{"select nameE'\\'", "select 2"});
}

TEST_CASE("semicolons in dollar quotes do not count", "[sql]") {
  CHECK(split_sql("select $$a;b$$; select 2") == parts{"select $$a;b$$", "select 2"});
  CHECK(split_sql("select $x$a;$$;$y$b$x$; select 2") == parts{"select $x$a;$$;$y$b$x$", "select 2"});
  CHECK(split_sql("select $1; select 2") == parts{"select $1", "select 2"});
  CHECK(split_sql("select a$b$; select 2") == parts{"select a$b$", "select 2"});
}

TEST_CASE("semicolons in comments do not count", "[sql]") {
  CHECK(split_sql("select 1 -- a; b\n; select 2") == parts{"select 1 -- a; b", "select 2"});
  CHECK(split_sql("select /* ; /* ; */ ; */ 1; select 2") == parts{"select /* ; /* ; */ ; */ 1", "select 2"});
  CHECK(split_sql("-- only; this\n; /* and ; that */").empty());
  CHECK(split_sql("select 1; -- the end") == parts{"select 1"});
}

TEST_CASE("what is not closed reaches to the end", "[sql]") {
  for (const std::string text :
       {"select 'a; b", "select \"a; b", "select $$a; b", "select 1 /* a; b", "select E'a\\", "select $", "a$"})
    CHECK(split_sql(text) == parts{text});
}
