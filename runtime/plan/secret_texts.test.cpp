#include "runtime/plan/secret_texts.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using texts = std::vector<std::string>;

namespace {

texts secrets_in(std::string_view json) { return secret_texts(read_json(json).value()); }

} // namespace

TEST_CASE("secrets are known by the names of their fields", "[secrets]") {
  CHECK(
    secrets_in(
      R"({"env":{"API_TOKEN":"tok","HOME":"/root"},"x":[{"dbPassword":"pass"}],"clientSecret":"sec","api_key":"key"})") ==
    texts{"key", "pass", "sec", "tok"});
  CHECK(secrets_in(R"({"authentication":{"type":"basic","params":{"user":"someone","deep":["abc"]}}})") ==
        texts{"abc", "someone"});
  CHECK(secrets_in(R"({"headers":{"Authorization":"Bearer abc.def"}})") == texts{"Bearer abc.def", "abc.def"});
  CHECK(secrets_in(R"({"token":"{{ params.token }}"})") == texts{"{{ params.token }}"});
}

TEST_CASE("names of secrets are written in many ways", "[secrets]") {
  for (const std::string name :
       {"X-Api-Key", "x-auth-token", "private-key", "PRIVATE_KEY", "privateKey", "Cookie", "Set-Cookie", "DB_PWD",
        "passphrase", "AWS_SECRET_ACCESS_KEY", "access_key", "accessKey"}) {
    INFO(name);
    CHECK(secrets_in("{\"" + name + "\":\"hidden\"}") == texts{"hidden"});
  }
  for (const std::string name : {"key", "primary_key", "author", "pass", "url"}) {
    INFO(name);
    CHECK(secrets_in("{\"" + name + "\":\"shown\"}").empty());
  }
}

TEST_CASE("a number is as secret as its text, where the name means it", "[secrets]") {
  CHECK(secrets_in(R"({"DB_PASSWORD":12345678})") == texts{"12345678"});
  CHECK(secrets_in(R"({"token":[1234,{"a":5.5}]})") == texts{"1234", "5.5"});
  CHECK(secrets_in(R"({"max_tokens":4096,"password_length":1200,"token":12,"secret":true})").empty());
}

TEST_CASE("data, declared secrets and very short texts are left alone", "[secrets]") {
  CHECK(secrets_in(R"({"rows":[{"token":"abcdef"}],"secrets":["declared"],"password":"ab","max_tokens":500})").empty());
}
