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

TEST_CASE("data, declared secrets and very short texts are left alone", "[secrets]") {
  CHECK(secrets_in(R"({"rows":[{"token":"abcdef"}],"secrets":["declared"],"password":"ab","max_tokens":500})").empty());
}
