#include "tools/penstock/log_tail.hpp"

#include <catch2/catch.hpp>

using penstock::cli::log_tail;

TEST_CASE("only lines that are new are told", "[cli][logs]") {
  log_tail tail;
  CHECK(tail.news("a\nb\n") == "a\nb\n");
  CHECK(tail.news("a\nb\n").empty());
  CHECK(tail.news("a\nb\nc") == "c\n");
}

TEST_CASE("a line that comes to stand between known ones is told", "[cli][logs]") {
  log_tail tail;
  (void)tail.news("a\nc\n");
  CHECK(tail.news("a\nb\nc\n") == "b\n");
}

TEST_CASE("equal lines are told as often as they are there", "[cli][logs]") {
  log_tail tail;
  CHECK(tail.news("x\nx\n") == "x\nx\n");
  CHECK(tail.news("x\nx\nx\n") == "x\n");
  CHECK(tail.news("").empty());
}
