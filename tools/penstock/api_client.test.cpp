#include "tools/penstock/api_client.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::cli;

namespace {

std::string wrong(const std::string& json, const answer_form& form) { return misfit(*read_json(json), form); }

} // namespace

TEST_CASE("an answer must have what is needed of it", "[cli][answer]") {
  const auto form = object_with({{"id"}, {"next", needed_member::kind::integer}});
  CHECK(wrong(R"({"id":"a","next":1,"more":true})", form).empty());
  CHECK(wrong(R"({"data":{"id":"a","next":1}})", form).empty());
  CHECK(wrong(R"({"id":"a"})", form) == "lacks next");
  CHECK(wrong(R"({"id":1,"next":1})", form) == "lacks id");
  CHECK(wrong("[]", form) == "is a list, not an object");
  CHECK(wrong("null", form) == "is null, not an object");
  CHECK(wrong("[]", answer_form{}) == "holds something");
}

TEST_CASE("a list is bare or in a member, and each entry is looked at", "[cli][answer]") {
  const auto form = list_of({{"id"}});
  CHECK(wrong("[]", form).empty());
  CHECK(wrong(R"([{"id":"a"}])", form).empty());
  CHECK(wrong(R"({"data":[{"id":"a"}],"meta":{}})", form).empty());
  CHECK(wrong(R"({"items":[]})", form).empty());
  CHECK(wrong("{}", form) == "holds no list");
  CHECK(wrong(R"("text")", form) == "holds no list");
  CHECK(wrong(R"([{"id":"a"},{}])", form) == "holds an entry that lacks id");
  CHECK(wrong("[1]", form) == "holds an entry that is an integer, not an object");
}

TEST_CASE("a refused key says where it is from, a missing one where it may be", "[cli][answer]") {
  api_answer answer;
  answer.status = 401;
  answer.body = *read_json(R"({"detail":"the API key is not valid"})");
  CHECK(explain(answer).message.starts_with("the API key is not valid\nGive a key with --key"));
  answer.key_origin = "in PENSTOCK_KEY";
  CHECK(explain(answer).message == "the API key is not valid\nIt is the key in PENSTOCK_KEY.");
  CHECK(explain(answer).code == exit_code::unauthorized);
}
