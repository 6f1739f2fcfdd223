#include "tools/penstock/schedule_window.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::cli;

TEST_CASE("windows are read as they are written, and shown so again", "[cli][window]") {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"22:00-02:00", R"({"from":"22:00","to":"02:00"})"},
    {"SAT,SUN 00:00-24:00", R"({"days":["SAT","SUN"],"from":"00:00","to":"24:00"})"},
    {"2026-12-24T18:00:00Z/2026-12-27T06:00:00Z", R"({"start":"2026-12-24T18:00:00Z","end":"2026-12-27T06:00:00Z"})"},
    {R"({"cron":"0 2 * * *","durationMinutes":90})", R"({"cron":"0 2 * * *","durationMinutes":90})"}};
  for (const auto& [text, json] : cases) {
    const auto read = read_windows({text});
    REQUIRE(read.has_value());
    CHECK(write_json(*read) == "[" + json + "]");
    CHECK(show_window(read->as_list()->front()) == text);
  }
}

TEST_CASE("none is no window, and anything else is told", "[cli][window]") {
  CHECK(write_json(*read_windows({"none"})) == "[]");
  CHECK(read_windows({"22:00-02:00", "SUN 01:00-02:00"})->as_list()->size() == 2);
  for (const std::string wrong : {"tonight", "{", "[1]", ""}) {
    const auto read = read_windows({wrong});
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == exit_code::usage);
  }
}
