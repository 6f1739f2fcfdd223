#include "tools/penstock/definition_file.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <fstream>

#include <unistd.h>

using namespace penstock;
using namespace penstock::cli;

namespace {

/// A file below /tmp that goes with its scope.
class scratch_file {
public:
  explicit scratch_file(const std::string& text) : path_("/tmp/penstock-test-" + std::to_string(getpid()) + ".yaml") {
    std::ofstream{path_} << text;
  }
  ~scratch_file() { std::remove(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

std::string parameters(const std::vector<std::string>& given, std::string_view definition = "") {
  const auto read = read_parameters(given, definition);
  return read ? write_json(read->given) : read.error().message;
}

} // namespace

TEST_CASE("a pipeline is named by its definition, else by its file", "[cli][definition]") {
  const scratch_file named("name: nightly\ntasks: []\n");
  CHECK(read_definition(named.path(), "")->name == "nightly");
  CHECK(read_definition(named.path(), "given")->name == "given");
  const scratch_file unnamed("tasks: []\n");
  CHECK(read_definition(unnamed.path(), "")->name == "penstock-test-" + std::to_string(getpid()));
  CHECK(read_definition(unnamed.path(), "")->text == "tasks: []\n");
  // What is too large is for the server to say, which has settings for it.
  const scratch_file large(std::string((1u << 20) + 1, '#') + "\nname: large\ntasks: []\n");
  CHECK(read_definition(large.path(), "")->name == "large");
  const scratch_file broken("tasks: [\n");
  CHECK(read_definition(broken.path(), "")->name == "penstock-test-" + std::to_string(getpid()));
}

TEST_CASE("a file that is not there is named", "[cli][definition]") {
  const auto missing = read_definition("/tmp/no-such-definition.yaml", "");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == exit_code::local_file);
  CHECK(missing.error().message == "cannot read /tmp/no-such-definition.yaml: No such file or directory");
  CHECK(read_definition("/tmp", "").error().message == "cannot read /tmp: Is a directory");
}

TEST_CASE("an empty file is told as such", "[cli][definition]") {
  const scratch_file empty("");
  const auto read = read_definition(empty.path(), "");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == exit_code::local_file);
  CHECK(read.error().message == empty.path() + " is empty");
}

TEST_CASE("mistakes carry their place in the file", "[cli][definition]") {
  CHECK(show_mistakes("a.yaml",
                      {{"yamlDefinition.tasks[0].sql", "is missing", 3, 5}, {"yamlDefinition", "is empty", 0, 0}}) ==
        "a.yaml:3:5: tasks[0].sql: is missing\na.yaml: is empty");
  CHECK(show_mistakes("a.yaml", {{"yamlDefinition.tasks[0].sql", "tasks[0].sql is missing", 3, 5}}) ==
        "a.yaml:3:5: tasks[0].sql is missing");
  // The place of another field is one in the request.
  CHECK(show_mistakes("a.yaml", {{"name", "must be at most 200 bytes", 1, 379}}) ==
        "a.yaml: name: must be at most 200 bytes");
}

TEST_CASE("a parameter is JSON where it reads as such, unless it is declared as text", "[cli][definition]") {
  CHECK(parameters({"n=3", "x=1.5", "ok=true", "list=[1, 2]", "word=plain", "eq=a=b", "none="}) ==
        R"({"n":3,"x":1.5,"ok":true,"list":[1,2],"word":"plain","eq":"a=b","none":""})");
  const std::string_view definition =
    "parameters: { code: { type: string }, since: { type: date }, n: { type: integer } }\n";
  CHECK(parameters({"code=007", "since=2026-01-01", "n=7"}, definition) ==
        R"({"code":"007","since":"2026-01-01","n":7})");
  CHECK(parameters({"code=7"}, "parameters: { code: \"001\" }") == R"({"code":"7"})");
  CHECK(parameters({"code=7"}, definition) == R"({"code":"7"})");
  CHECK(parameters({"code=7"}, "not: [right") == R"({"code":7})");
  CHECK(parameters({"alone"}) == "--param takes name=value, not \"alone\"");
  CHECK(parameters({"=x"}) == "--param takes name=value, not \"=x\"");
}

TEST_CASE("a parameter that is not declared is warned of", "[cli][definition]") {
  const std::string_view definition = "parameters: { largest: { type: integer } }\n";
  CHECK(read_parameters({"largest=3"}, definition)->warnings.empty());
  CHECK(read_parameters({"largst=3"}, definition)->warnings ==
        std::vector<std::string>{"the pipeline declares no parameter largst; did you mean largest?"});
  CHECK(read_parameters({"x=3"}, "tasks: []")->warnings ==
        std::vector<std::string>{"the pipeline declares no parameter x"});
}
