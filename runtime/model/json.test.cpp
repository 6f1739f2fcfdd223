#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("a document is written as it was read", "[json]") {
  CHECK(write_json(read_json(R"({"a":[1,2.5,null,true,"x"]})").value()) == R"({"a":[1,2.5,null,true,"x"]})");
}
