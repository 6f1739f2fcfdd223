#include "runtime/model/yaml.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("a plain scalar is text unless it is something else", "[yaml]") {
  CHECK(*read_yaml("abc").value().as_string() == "abc");
}
