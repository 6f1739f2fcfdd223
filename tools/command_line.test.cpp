#include "tools/command_line.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

constexpr option_row rows[] = {
  {"data-dir", "DIR", "where"},
  {"follow", "", "go on", 'f'},
  {"output", "FORM", "how", 'o'},
};

result<command_line> parse(std::vector<std::string> arguments) { return parse_command_line(arguments, rows); }

} // namespace

TEST_CASE("options and words may stand in any order", "[tools][command_line]") {
  const auto parsed = parse({"run", "--data-dir", "a", "logs", "-f", "--output=json", "-o", "table", "-"});
  REQUIRE(parsed);
  CHECK(parsed->words == std::vector<std::string>{"run", "logs", "-"});
  CHECK(*parsed->find("data-dir") == "a");
  CHECK(parsed->has("follow"));
  CHECK(*parsed->find("output") == "table");
  CHECK(parsed->all("output") == std::vector<std::string>{"json", "table"});
}

TEST_CASE("two dashes end the options", "[tools][command_line]") {
  const auto parsed = parse({"--", "--data-dir", "-f"});
  REQUIRE(parsed);
  CHECK(parsed->words == std::vector<std::string>{"--data-dir", "-f"});
  CHECK_FALSE(parsed->has("follow"));
}

TEST_CASE("a value may be empty or hold an equals sign", "[tools][command_line]") {
  CHECK(parse({"--output="})->find("output")->empty());
  CHECK(*parse({"--output", "a=b"})->find("output") == "a=b");
  CHECK(*parse({"--output=a=b"})->find("output") == "a=b");
}

TEST_CASE("a value may follow its letter at once", "[tools][command_line]") {
  CHECK(*parse({"-ojson"})->find("output") == "json");
  CHECK(*parse({"-o-1"})->find("output") == "-1");
  // A long name behind one dash is a slip.
  CHECK(parse({"-output", "x"}).error().message == "unknown option -output; did you mean --output?");
  CHECK(parse({"-output=x"}).error().message == "unknown option -output=x; did you mean --output?");
  CHECK(parse({"-fx"}).error().message == "unknown option -fx");
}

TEST_CASE("a negative number is a word", "[tools][command_line]") {
  CHECK(parse({"set", "-1", "-0.5"})->words == std::vector<std::string>{"set", "-1", "-0.5"});
  CHECK(parse({"-1x"}).error().message == "unknown option -1x");
}

TEST_CASE("an unknown option is refused with the nearest known one", "[tools][command_line]") {
  const auto parsed = parse({"--data-dri", "x"});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message == "unknown option --data-dri; did you mean --data-dir?");
  CHECK(parse({"-x"}).error().message == "unknown option -x");
}

TEST_CASE("an option without its value is refused", "[tools][command_line]") {
  CHECK(parse({"--data-dir"}).error().message == "--data-dir needs a value: --data-dir DIR");
  CHECK(parse({"-o"}).error().message == "-o needs a value: -o FORM");
}
