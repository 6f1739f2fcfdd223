#include "tools/penstock/access.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace penstock;
using namespace penstock::cli;

namespace {

command_line with_option(const std::string& name, const std::string& text) { return {{{name, text}}, {}}; }

} // namespace

TEST_CASE("the server is one that can be asked", "[cli][access]") {
  const auto found = [](const std::string& text) { return find_server(with_option("server", text), {}); };
  CHECK(*found("127.0.0.1:1") == "http://127.0.0.1:1");
  CHECK(*found("https://example.com/penstock/") == "https://example.com/penstock");
  CHECK(*found("http://[::1]:8080") == "http://[::1]:8080");
  CHECK(*find_server({}, {}) == "http://127.0.0.1:8080");
  CHECK(*find_server({}, {{"PENSTOCK_SERVER", "http://a:1"}}) == "http://a:1");
  for (const std::string wrong : {"", "ftp://x", "http://127.0.0.1:99999", "http://", "http://a b", "http://a:x",
                                  "http://a?b=c", "file:///etc/passwd", "http://a\n"}) {
    INFO(wrong);
    REQUIRE_FALSE(found(wrong));
    CHECK(found(wrong).error().code == exit_code::usage);
    CHECK(found(wrong).error().message.starts_with("--server must be a URL such as http://127.0.0.1:8080"));
  }
  CHECK(find_server({}, {{"PENSTOCK_SERVER", "ftp://x"}}).error().message.starts_with("PENSTOCK_SERVER must be a URL"));
}

TEST_CASE("a key says where it is from, and is one line without blanks", "[cli][access]") {
  CHECK(find_key(with_option("key", "abc"), {})->text == "abc");
  CHECK(find_key({}, {{"PENSTOCK_KEY", "abc\n"}})->text == "abc");
  CHECK(find_key({}, {{"PENSTOCK_KEY", "abc"}})->origin == "in PENSTOCK_KEY");
  CHECK(find_key({}, {{"HOME", "/nonexist"}})->text.empty());
  CHECK(find_key(with_option("key", "a\nX-Other: b"), {}).error().message ==
        "the key given with --key has more than one line");
  CHECK(find_key({}, {{"PENSTOCK_KEY", "a b"}}).error().message ==
        "the key in PENSTOCK_KEY holds a blank or another sign that no key has");
  CHECK(find_key({}, {{"PENSTOCK_KEY", "a\x01"}}).error().code == exit_code::unauthorized);
}

TEST_CASE("a key's file is named", "[cli][access]") {
  const auto directory = "/tmp/penstock-test-" + std::to_string(getpid()) + ".config";
  std::filesystem::create_directories(directory + "/penstock");
  std::ofstream{directory + "/penstock/key"} << "one\n";
  const environment variables{{"XDG_CONFIG_HOME", directory}};
  CHECK(find_key({}, variables)->text == "one");
  std::ofstream{directory + "/penstock/key"} << "one\ntwo\n";
  CHECK(find_key({}, variables).error().message == "the key in " + directory + "/penstock/key has more than one line");
  std::filesystem::remove(directory + "/penstock/key");
  std::filesystem::create_directory(directory + "/penstock/key");
  CHECK(find_key({}, variables).error().code == exit_code::local_file);
  std::filesystem::remove_all(directory);
}
