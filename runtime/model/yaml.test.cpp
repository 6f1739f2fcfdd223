#include "runtime/model/yaml.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace penstock;
using namespace std::string_literals;

namespace {

std::string as_json(std::string_view text) {
  const auto read = read_yaml(text);
  return read ? write_json(*read) : read.error().message;
}

} // namespace

TEST_CASE("plain YAML scalars follow the core schema", "[yaml]") {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"abc", "\"abc\""},
    {"~", "null"},
    {"null", "null"},
    {"Null", "null"},
    {"nULL", "\"nULL\""},
    {"true", "true"},
    {"True", "true"},
    {"FALSE", "false"},
    {"yes", "\"yes\""},
    {"off", "\"off\""},
    {"12", "12"},
    {"-12", "-12"},
    {"+12", "12"},
    {"010", "10"},
    {"0x1F", "31"},
    {"0o17", "15"},
    {"0x", "\"0x\""},
    {"-0x1", "\"-0x1\""},
    {"1_000", "\"1_000\""},
    {"1.5", "1.5"},
    {"1.", "1.0"},
    {".5", "0.5"},
    {"-.5e1", "-5.0"},
    {"1e3", "1000.0"},
    {"1e", "\"1e\""},
    {".", "\".\""},
    {"1.2.3", "\"1.2.3\""},
    {"1e-999", "0.0"},
    {"2026-01-01", "\"2026-01-01\""},
    {"12:30:45", "\"12:30:45\""},
    {"2026-01-01T10:00:00Z", "\"2026-01-01T10:00:00Z\""},
    {"9223372036854775807", "9223372036854775807"},
    {"'12'", "\"12\""},
    {"\"true\"", "\"true\""},
    {"'it''s'", "\"it's\""},
    {"\"a\\tb\\u00e4\"", "\"a\\tbä\""},
  };
  for (const auto& [text, json] : cases) {
    CAPTURE(text);
    CHECK(as_json(text) == json);
  }
}

TEST_CASE("YAML blocks and flows become lists and objects", "[yaml]") {
  CHECK(as_json("a: 1\nb:\n- x\n- {c: , 'd': [1, 2]}\ne:\n") == R"({"a":1,"b":["x",{"c":null,"d":[1,2]}],"e":null})");
  CHECK(as_json("a: |\n  12\n  b\nc: >\n  x\n  y\n") == R"({"a":"12\nb\n","c":"x y\n"})");
  CHECK(as_json("\xEF\xBB\xBF%YAML 1.2\n---\na: 1\r\n...\n") == R"({"a":1})");
  CHECK(as_json("12: a\ntrue: b\n\"<<\": c\n") == R"({"12":"a","true":"b","<<":"c"})");
}

TEST_CASE("every YAML value knows its line and column", "[yaml]") {
  const auto read = read_yaml("a: 1\nb:\n  - x\n  - {ö: 'ä', d: 2}\n").value();
  const auto place = [](const value& v) { return std::pair{v.at.line, v.at.column}; };
  CHECK(place(*read.find("a")) == std::pair{1u, 4u});
  const auto& list = *read.find("b")->as_list();
  CHECK(place(*read.find("b")) == std::pair{3u, 3u});
  CHECK(place(list[0]) == std::pair{3u, 5u});
  CHECK(place(list[1]) == std::pair{4u, 5u});
  CHECK(place(*list[1].find("d")) == std::pair{4u, 17u}); // Columns count characters.
}

TEST_CASE("what a definition has no use for is refused with its place", "[yaml]") {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"", "line 1, column 1: the document is empty"},
    {"# nothing\n", "line 1, column 1: the document is empty"},
    {"a: &a [*a]", "line 1, column 4: anchors are not taken"},
    {"&a a: 1", "line 1, column 1: anchors are not taken"},
    {"a: *b", "line 1, column 4: aliases are not taken"},
    {"a: !!int 12", "line 1, column 4: tags (`!…`) are not taken"},
    {"a: ! 12", "line 1, column 4: tags (`!…`) are not taken"},
    {"a: !x [1]", "line 1, column 4: tags (`!…`) are not taken"},
    {"- ! {a: 1}", "line 1, column 3: tags (`!…`) are not taken"},
    {"a: !!str\n", "line 1, column 4: tags (`!…`) are not taken"},
    {"<<: {a: 1}", "line 1, column 1: merge keys (`<<`) are not taken"},
    {"a: 1\nb: 2\na: 3\n", "line 3, column 1: key `a` appears twice in one object"},
    {"a: 1\n\"a\": 3\n", "line 2, column 1: key `a` appears twice in one object"},
    {"? [a]\n: 1", "line 1, column 3: a key must be text, not a list or an object"},
    {"~: 1", "line 1, column 1: a key must be text; quote it if it is meant as such"},
    {"a: 1\n---\nb: 2\n", "line 2, column 1: only one document is taken"},
    {"- a\n-b\n", "line 2, column 1: something follows the end of the document; check the indentation"},
    {"a: 12345678901234567890123",
     "line 1, column 4: the integer does not fit in 64 bits; quote it if it is meant as text"},
    {"a: 1e999", "line 1, column 4: the number is too large; quote it if it is meant as text"},
    {"a: .nan", "line 1, column 4: NaN and infinity are not taken; quote it if it is meant as text"},
    {"a: -.INF", "line 1, column 4: NaN and infinity are not taken; quote it if it is meant as text"},
    {"a: \"x\\0y\"", "line 1, column 4: a text must not contain a NUL"},
    {"a: \xff", "line 1, column 4: the text is not valid UTF-8"},
    {"\xff\xfe\x61\x00"s, "line 1, column 1: the text is not valid UTF-8"},
    {"a: 1\n\0b: 2"s, "line 2, column 1: a control character is not allowed"},
    {"a: 1\n\x04 b: 2", "line 2, column 1: a control character is not allowed"},
    {"a: [1, 2", "line 1, column 9: a list has no closing `]`"},
    {"a: {b: 2", "line 1, column 9: an object has no closing `}`"},
    {"a: b: c", "line 1, column 5: `: ` cannot stand here; check the indentation, or quote the text"},
    {"a: - b", "line 1, column 4: a list entry (`- `) cannot stand here; check the indentation, or quote the text"},
    {"a: \"b", "line 1, column 4: the quote is not closed"},
    {"a:\n  - b\n c: 1\n", "line 3, column 2: expected a key of this object; check the indentation"},
  };
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    CHECK(as_json(text) == message);
  }
}

TEST_CASE("a quote that is not closed is told where it begins, however the text ends", "[yaml]") {
  for (const std::string quote : {"\"", "'"})
    for (const std::string end : {"", "\n", "  \n", "\n\n", "\r\n", "\nc: 1\n"}) {
      CAPTURE(quote, end);
      CHECK(as_json("a: 1\nb: " + quote + "echo hi" + end) == "line 2, column 4: the quote is not closed");
      CHECK(as_json("a: [" + quote + "x" + end) == "line 1, column 5: the quote is not closed");
    }
  CHECK(as_json("ä: \"b\\\"\n") == "line 1, column 4: the quote is not closed");
  CHECK(as_json("a: 'b''\n") == "line 1, column 4: the quote is not closed");
  CHECK(as_json("'a\n") == "line 1, column 1: the quote is not closed");
  CHECK(as_json("a: \"b\n---\n") ==
        "line 2, column 1: `---` stands inside a quoted text; the quote before it is not closed");
  CHECK(as_json("a: \"b\\\\\"\nc: 'it''s'\nd: |\n  \"\n") == R"({"a":"b\\","c":"it's","d":"\"\n"})");
}

TEST_CASE("a tab that indents is told where it stands", "[yaml]") {
  const auto told = [](int line, int column) {
    return "line " + std::to_string(line) + ", column " + std::to_string(column) +
           ": a tab stands here; YAML is indented with spaces";
  };
  CHECK(as_json("tasks:\n\t- id: a\n") == told(2, 1));
  CHECK(as_json("a:\n\t  b: 1\n") == told(2, 1));
  CHECK(as_json("a:\n  b: 1\n\tc: 2\n") == told(3, 1));
  CHECK(as_json("tasks:\n  - id: a\n  \ttype: noop\n") == told(3, 3));
  CHECK(as_json("tasks:\n  -\tid: a\n") == told(2, 4));
  CHECK(as_json("\ta: 1\n") == told(1, 1));
  CHECK(as_json("a: |\n\tb\n") == told(2, 1));
  CHECK(as_json("a:\tb\nc: |\n  \td\ne: [1,\n\t2]\n") == R"({"a":"b","c":"\td\n","e":[1,2]})");
}

TEST_CASE("every key that is given twice is told, and what is wrong behind them", "[yaml]") {
  CHECK(
    as_json("name: a\nname: b\ntasks:\n  - id: a\n    id: b\nname: c\n") ==
    "3 problems: line 2, column 1: key `name` appears twice in one object; line 5, column 5: key `id` appears twice "
    "in one object; line 6, column 1: key `name` appears twice in one object");
  const auto read = read_yaml("a: {b: 1, b: 2}\na: {c: *d}\n");
  REQUIRE(!read);
  CHECK(read.error().code == errc::invalid_argument);
  CHECK(read.error().problems == std::vector<problem>{{"", "key `b` appears twice in one object", 1, 11},
                                                      {"", "key `a` appears twice in one object", 2, 1},
                                                      {"", "aliases are not taken", 2, 8}});
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a: 1\n";
  const auto all = read_yaml(many);
  REQUIRE(!all);
  CHECK(all.error().problems.size() == 100);
}

TEST_CASE("an alias bomb is refused at its first anchor", "[yaml]") {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  CHECK(as_json(bomb) == "line 1, column 5: anchors are not taken");
}

TEST_CASE("depth, values and bytes of YAML are limited", "[yaml]") {
  CHECK(read_yaml(std::string(64, '[') + std::string(64, ']')).has_value());
  CHECK(as_json(std::string(65, '[') + std::string(65, ']')) == "line 1, column 65: nested deeper than 64 levels");
  CHECK(!read_yaml(std::string(100'000, '[')));
  std::string dashes;
  for (int i = 0; i < 10'000; ++i) dashes += "- ";
  CHECK(as_json(dashes) == "line 1, column 129: nested deeper than 64 levels");

  std::string many = "[";
  for (int i = 0; i < 100'000; ++i) many += "1,";
  const auto wide = read_yaml(many + "]");
  REQUIRE(!wide);
  CHECK(wide.error().code == errc::too_large);
  const auto large = read_yaml(std::string((1u << 20) + 1, ' '));
  REQUIRE(!large);
  CHECK(large.error().code == errc::too_large);
  CHECK(large.error().message == "the YAML text has 1048577 bytes; at most 1048576 are taken");
  CHECK(read_yaml(many + "]", {.nodes_max = 100'001}));
  CHECK(!read_yaml("[1]", {.bytes_max = 2}));
}
