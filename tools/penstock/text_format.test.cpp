#include "tools/penstock/text_format.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::cli;
using namespace std::chrono_literals;

TEST_CASE("a duration shows what matters at its size", "[cli][format]") {
  CHECK(show_duration(0ms) == "0.0 s");
  CHECK(show_duration(349ms) == "0.3 s");
  CHECK(show_duration(59'999ms) == "59.9 s");
  CHECK(show_duration(185s) == "3 min 05 s");
  CHECK(show_duration(127min) == "2 h 07 min");
  CHECK(show_duration(99h) == "4 d 03 h");
  CHECK(show_duration(-5ms) == "0.0 s");
}

TEST_CASE("bytes and counts are readable", "[cli][format]") {
  CHECK(show_bytes(812) == "812 B");
  CHECK(show_bytes(12'698) == "12.4 KiB");
  CHECK(show_bytes((1u << 20) - 1) == "1.0 MiB");
  CHECK(show_bytes(3ull << 30) == "3.0 GiB");
  CHECK(show_count(0) == "0");
  CHECK(show_count(999) == "999");
  CHECK(show_count(1'000) == "1,000");
  CHECK(show_count(1'234'567) == "1,234,567");
}

TEST_CASE("what is no time is a dash", "[cli][format]") {
  CHECK(show_time("") == "-");
  CHECK(show_time("soon") == "-");
  CHECK(show_time("2026-01-31T09:30:00Z").size() == 19);
}

TEST_CASE("a text is cut by characters, not by bytes, and cannot move the cursor", "[cli][format]") {
  CHECK(fit("plain", 5) == "plain");
  CHECK(fit("plainer", 5) == "plai…");
  CHECK(fit("größer", 4) == "grö…");
  CHECK(width_of(fit("größer", 4)) == 4);
  CHECK(fit("a\x1b[2Jb", 20) == "a [2Jb");
  CHECK(fit("a\u009b2Jb\u00a0", 20) == "a 2Jb\u00a0");
  CHECK(fit("abc", 1) == "…");
  CHECK(fit("abc", 0).empty());
  CHECK(first_line("one\ntwo") == "one");
}

TEST_CASE("a table lines up and ends without blanks", "[cli][format]") {
  CHECK(show_table({"NAME", "ROWS"}, {{"größe", "1"}, {"b", ""}}) == "NAME   ROWS\ngröße  1\nb\n");
  CHECK(show_table({"NAME"}, {}) == "NAME\n");
}
