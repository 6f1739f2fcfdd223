#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace penstock;
using namespace std::string_literals;

namespace {

std::string again(std::string_view text) {
  const auto read = read_json(text);
  return read ? write_json(*read) : read.error().message;
}

std::string refusal(std::string_view text, const json_limits& limits = {}) {
  const auto read = read_json(text, limits);
  return read ? "taken" : read.error().message;
}

} // namespace

TEST_CASE("a JSON document is written as it was read", "[json]") {
  for (const std::string text :
       {R"({"a":[1,2.5,null,true,"x"],"b":{},"c":[]})", "null", "true", "-1", "\"\"", "[[[]]]", "9223372036854775807",
        "-9223372036854775808", R"(["\"\\\b\f\n\r\t\u0001","ä€😀"])", "[1.0,-0.0,0.1,1e+300,5e-324]"})
    CHECK(again(text) == text);
  CHECK(again(" [ 1 ,\t2\r\n] ") == "[1,2]");
  CHECK(again(R"("\u00e4\/\ud83d\ude00")") == "\"ä/😀\"");
  CHECK(again("[1e-400,2E2,-0]") == "[0.0,200.0,0]");
}

TEST_CASE("integers and numbers keep their kind", "[json]") {
  const auto read = read_json("[1,1.0,1e0,0.1]").value();
  const auto& items = *read.as_list();
  CHECK(*items[0].as_int() == 1);
  CHECK(*items[1].as_double() == 1.0);
  CHECK(*items[2].as_double() == 1.0);
  CHECK(*items[3].as_double() == 0.1);
}

TEST_CASE("every JSON value knows its line and column", "[json]") {
  const auto read = read_json("{\n  \"a\": [1, {\"b\": \"ä\"},\n-2.5],\n  \"ö\": null }").value();
  const auto place = [](const value& v) { return std::pair{v.at.line, v.at.column}; };
  CHECK(place(read) == std::pair{1u, 1u});
  const auto& list = *read.find("a");
  CHECK(place(list) == std::pair{2u, 8u});
  CHECK(place((*list.as_list())[0]) == std::pair{2u, 9u});
  CHECK(place((*list.as_list())[1]) == std::pair{2u, 12u});
  CHECK(place(*(*list.as_list())[1].find("b")) == std::pair{2u, 18u});
  CHECK(place((*list.as_list())[2]) == std::pair{3u, 1u});
  CHECK(place(*read.find("ö")) == std::pair{4u, 8u}); // Columns count characters.
}

TEST_CASE("what is not JSON is refused with its place", "[json]") {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"", "line 1, column 1: the document is empty"},
    {"  \n ", "line 2, column 2: the document is empty"},
    {"[1,2", "line 1, column 5: expected `,` or `]` after an element"},
    {"[1 2]", "line 1, column 4: expected `,` or `]` after an element"},
    {"[1,]", "line 1, column 4: expected a value"},
    {R"({"a":1,})", "line 1, column 8: expected a member's name in quotes"},
    {"{a:1}", "line 1, column 2: expected a member's name in quotes"},
    {R"({"a" 1})", "line 1, column 6: expected `:` after a member's name"},
    {R"({"a":1 "b":2})", "line 1, column 8: expected `,` or `}` after a member"},
    {"{} x", "line 1, column 4: something follows the end of the document"},
    {"01", "line 1, column 2: something follows the end of the document"},
    {"{}\0"s, "line 1, column 3: a NUL byte is not allowed"},
    {"{}\0{}"s, "line 1, column 3: a NUL byte is not allowed"},
    {"\"a\0b\""s, "line 1, column 3: a NUL byte is not allowed"},
    {R"(["\u0000"])", "line 1, column 2: a text must not contain \\u0000"},
    {"\"\xff\"", "line 1, column 2: a text is not valid UTF-8"},
    {"\"\xed\xa0\x80\"", "line 1, column 2: a text is not valid UTF-8"},
    {"\"\xc0\xaf\"", "line 1, column 2: a text is not valid UTF-8"},
    {R"("\ud800")", "line 1, column 2: a \\u escape names half of a surrogate pair"},
    {R"("\udc00")", "line 1, column 1: a \\u escape names half of a surrogate pair"},
    {R"({"\udfff":1})", "line 1, column 2: a \\u escape names half of a surrogate pair"},
    {R"("\x")", "line 1, column 2: a text has an unknown escape or an unescaped control character"},
    {"\"a\nb\"", "line 1, column 3: a text has an unknown escape or an unescaped control character"},
    {R"("\u12g4")", "line 1, column 2: expected four hex digits after \\u"},
    {"\"a", "line 1, column 3: a text has no closing quote"},
    {"12345678901234567890123", "line 1, column 1: the integer does not fit in 64 bits"},
    {"[\n 9223372036854775808]", "line 2, column 2: the integer does not fit in 64 bits"},
    {"-9223372036854775809", "line 1, column 1: the integer does not fit in 64 bits"},
    {"1e400", "line 1, column 1: the number is too large"},
    {"NaN", "line 1, column 1: expected a value"},
    {"-Infinity", "line 1, column 2: expected a value"},
    {"1.", "line 1, column 3: expected a digit after the decimal point"},
    {"1e", "line 1, column 3: expected a digit in the exponent"},
    {"nul", "line 1, column 4: expected a value"},
    {R"({"a":1,"b":2,
        "a":3})",
     "line 2, column 9: key `a` appears twice in one object"},
    {R"([{"a":{"x":1,"x":1}}])", "line 1, column 14: key `x` appears twice in one object"},
  };
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    CHECK(refusal(text) == message);
  }
}

TEST_CASE("an escaped NUL is text where that is allowed", "[json]") {
  const auto read = read_json(R"({"a\u0000b":"c\u0000"})", {.takes_nul = true});
  REQUIRE(read);
  REQUIRE(read->find("a\0b"s) != nullptr);
  CHECK(*read->find("a\0b"s)->as_string() == "c\0"s);
  CHECK(write_json(*read) == R"({"a\u0000b":"c\u0000"})");
  CHECK_FALSE(read_json("\"a\0b\""s, {.takes_nul = true}));
}

TEST_CASE("a refusal names code, line and column apart", "[json]") {
  const auto read = read_json("[1,\n x]");
  REQUIRE(!read);
  CHECK(read.error().code == errc::invalid_argument);
  CHECK(read.error().problems == std::vector<problem>{{"", "expected a value", 2, 2}});
}

TEST_CASE("a repeated key is found in an object of any size", "[json]") {
  std::string text = "{";
  for (int i = 0; i < 5'000; ++i) text += "\"k" + std::to_string(i) + "\":1,";
  CHECK(read_json(text + "\"other\":1}").has_value());
  CHECK(refusal(text + "\"k77\":1}").find("key `k77` appears twice in one object") != std::string::npos);
}

TEST_CASE("depth, values and bytes are limited", "[json]") {
  CHECK(read_json(std::string(64, '[') + std::string(64, ']')).has_value());
  CHECK(refusal(std::string(65, '[') + std::string(65, ']')) == "line 1, column 65: nested deeper than 64 levels");
  const auto deep = read_json(std::string(100'000, '['));
  REQUIRE(!deep);
  CHECK(deep.error().code == errc::invalid_argument);

  CHECK(read_json("[1,2,3]", {.nodes_max = 4}).has_value());
  const auto wide = read_json("[1,2,3,4]", {.nodes_max = 4});
  REQUIRE(!wide);
  CHECK(wide.error().code == errc::too_large);
  CHECK(wide.error().message == "line 1, column 8: more than 4 values");

  const auto large = read_json("[1,2,3]", {.bytes_max = 6});
  REQUIRE(!large);
  CHECK(large.error().code == errc::too_large);
  CHECK(large.error().message == "the JSON text has 7 bytes; at most 6 are taken");
}

TEST_CASE("what JSON cannot say is written as the nearest it can", "[json]") {
  CHECK(write_json(value{std::nan("")}) == "null");
  CHECK(write_json(value{std::numeric_limits<double>::infinity()}) == "null");
  CHECK(write_json(value{"a\xff\xc3z\xed\xa0\x80"}) ==
        "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  CHECK(write_json(value{"a\0b\x7f"s + "\x1f"}) == "\"a\\u0000b\x7f\\u001f\"");
}

TEST_CASE("pretty JSON is indented by two spaces", "[json]") {
  CHECK(write_json_pretty(read_json(R"({"a":[1,{"b":2}],"c":[],"d":{}})").value()) ==
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}");
}
