#include "runtime/plan/secret_fields.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

std::string shown(std::string_view json) { return write_json(without_secrets(read_json(json).value())); }

/// What is kept when `given` is written over `stored`; behind a bar the fields that nothing is stored for.
std::string written(std::string_view given, std::string_view stored) {
  auto v = read_json(given).value();
  const auto old = read_json(stored).value();
  std::string missing;
  for (const auto& path : restore_secrets(v, &old)) missing += " | " + path;
  return write_json(v) + missing;
}

} // namespace

TEST_CASE("fields that hold secrets are not shown", "[secrets]") {
  CHECK(shown(R"({"host":"db","password":"p","port":5432,"nested":{"apiKey":"k","list":[{"client_secret":"s"}]}})") ==
        R"({"host":"db","password":"***","port":5432,"nested":{"apiKey":"***","list":[{"client_secret":"***"}]}})");
  CHECK(shown(R"({"password":1234,"token":["a","b"],"credentials":{"user":"u","on":true},"private_key":null})") ==
        R"({"password":"***","token":["***","***"],"credentials":{"user":"***","on":true},"private_key":null})");
  CHECK(shown(R"({"authentication":{"type":"api_key","params":{"user":"x"}},"passphrase":"a","aws_access_key":"b"})") ==
        R"({"authentication":{"type":"api_key","params":{"user":"***"}},"passphrase":"***","aws_access_key":"***"})");
  CHECK(shown(R"({"token":"{{ params.token }}","rows":[{"token":"data"}]})") ==
        R"({"token":"{{ params.token }}","rows":[{"token":"data"}]})");
}

TEST_CASE("credentials inside URLs are not shown", "[secrets]") {
  CHECK(
    shown(R"({"url":"postgresql://me:pa@ss@db:5432/x","git":"https://token@host/x.git","plain":"http://h/a@b:c"})") ==
    R"({"url":"postgresql://me:***@db:5432/x","git":"https://***@host/x.git","plain":"http://h/a@b:c"})");
  CHECK(shown(R"({"url":"jdbc:postgresql://db/x?user=me&password=secret&ssl=true","sql":"select 1 where token=1"})") ==
        R"({"url":"jdbc:postgresql://db/x?user=me&password=***&ssl=true","sql":"select 1 where token=1"})");
}

TEST_CASE("what is sent back as it was shown keeps its value", "[secrets]") {
  constexpr const char* stored =
    R"({"host":"db","password":"p","pin_token":7,"url":"http://u:p@h/","hosts":[{"secret":"s"}]})";
  CHECK(
    written(R"({"host":"db2","password":"***","pin_token":"***","url":"http://u:***@h/","hosts":[{"secret":"***"}]})",
            stored) == R"({"host":"db2","password":"p","pin_token":7,"url":"http://u:p@h/","hosts":[{"secret":"s"}]})");
  CHECK(written(R"({"password":"new"})", stored) == R"({"password":"new"})");
  CHECK(written(R"({"a":{"token":"***"},"note":"***"})", stored) == R"({"a":{"token":"***"},"note":"***"} | a.token)");
}
