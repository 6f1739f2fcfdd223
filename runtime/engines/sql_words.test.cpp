#include "runtime/engines/sql_words.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("a statement of ours is left out of DuckDB's words", "[engines][sql]") {
  CHECK(without_statement("Binder Error: no x\n\nLINE 1: COPY (SELECT x\n              ^") == "Binder Error: no x");
  CHECK(without_statement("Out of Memory Error: LINE 1") == "Out of Memory Error: LINE 1");
}

TEST_CASE("what was put before a user's statement is left out, and the mark stays below its place", "[engines][sql]") {
  const std::string plain = "Conversion Error: no\n\nLINE 1: select 'x'::int\n                  ^";
  CHECK(without_wrapping("Conversion Error: no\n\nLINE 1: COPY (select 'x'::int\n                        ^") == plain);
  CHECK(without_wrapping(plain) == plain);
  const std::string second = "Conversion Error: no\n\nLINE 2: COPY (select\n   ^";
  CHECK(without_wrapping(second) == second);
  CHECK(without_wrapping("no\n\nLINE 1: COPY (select 1") == "no\n\nLINE 1: select 1");
}

TEST_CASE("a table that is missing is told to be a task, and none of DuckDB's own is proposed", "[engines][sql]") {
  const std::string line = "\n\nLINE 1: select * from A\n                      ^";
  const std::string missing = "Catalog Error: Table with name A does not exist!";
  CHECK(with_tasks_named(missing + "\nDid you mean \"pg_attrdef\"?" + line, {"b", "a"}) ==
        missing + " `a` is a task of this pipeline: add it to needs." + line);
  CHECK(with_tasks_named(missing + "\nDid you mean \"ab\"?" + line, {"a"}) ==
        missing + " `a` is a task of this pipeline: add it to needs." + line);
  CHECK(with_tasks_named(missing + "\nDid you mean \"information_schema.tables\"?" + line, {}) == missing + line);
  CHECK(with_tasks_named(missing + "\nDid you mean \"ab\"?", {"b"}) == missing + "\nDid you mean \"ab\"?");
  CHECK(with_tasks_named(missing, {"b"}) == missing);
  CHECK(with_tasks_named("Table with name a", {"a"}) == "Table with name a");
}
