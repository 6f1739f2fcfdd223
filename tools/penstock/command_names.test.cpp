#include "tools/penstock/command_names.hpp"

#include "tools/penstock/command_help.hpp"

#include <catch2/catch.hpp>

using namespace penstock::cli;

namespace {

std::string found(const std::vector<std::string>& words) {
  const auto commands = all_commands();
  const auto row = find_command(commands, words);
  return row ? name_of(*row) : row.error().message;
}

} // namespace

TEST_CASE("a command is found by its group and verb", "[cli][names]") {
  CHECK(found({"run", "list"}) == "run list");
  CHECK(found({"health"}) == "health");
  CHECK(found({"key"}) == "penstock key what? One of create, list, revoke");
}

TEST_CASE("what other programs call it leads to what it is called here", "[cli][names]") {
  CHECK(found({"job", "list"}) == "unknown command job list; did you mean penstock run list?");
  CHECK(found({"jobs", "ls"}) == "unknown command jobs ls; did you mean penstock run list?");
  CHECK(found({"jobs"}) == "unknown command jobs; did you mean penstock run?");
  CHECK(found({"webhook", "add"}) == "unknown command webhook add; did you mean penstock webhook create?");
  CHECK(found({"key", "delete"}) == "unknown command key delete; did you mean penstock key revoke?");
  CHECK(found({"pipelines", "create"}) == "unknown command pipelines create; did you mean penstock pipeline apply?");
  CHECK(found({"pipline", "list"}) == "unknown command pipline list; did you mean penstock pipeline list?");
}

TEST_CASE("a verb without its group is told with it", "[cli][names]") {
  CHECK(found({"apply", "x"}) == "unknown command apply x; did you mean penstock pipeline apply?");
  CHECK(found({"logs", "x"}) == "unknown command logs x; did you mean penstock run logs?");
  CHECK(found({"run", "packages"}) == "unknown command run packages; did you mean penstock pipeline run?");
  CHECK(found({"priority"}) == "unknown command priority; did you mean penstock run priority?");
  CHECK(found({"resume", "x"}) == "unknown command resume x; did you mean penstock schedule resume, "
                                  "penstock backfill resume or penstock webhook resume?");
  CHECK(found({"frobnicate"}) == "unknown command frobnicate");
}

TEST_CASE("a group has a help of its own", "[cli][names]") {
  const auto help = help_of_group("key");
  CHECK(help.starts_with("usage: penstock key COMMAND [option…]\n\nCommands:\n  key create NAME "));
  CHECK(help.find("run list") == std::string::npos);
}
