#include "runtime/model/value_size.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("a value weighs at least what is in it", "[value]") {
  CHECK(memory_bytes(value{}) == sizeof(value));
  CHECK(memory_bytes(value{std::string(1'000, 'x')}) == sizeof(value) + 1'000);
  CHECK(memory_bytes(value{value::list(1'000)}) == 1'001 * sizeof(value));
  const value object{value::object{{std::string(100, 'k'), value{std::string(200, 'v')}}}};
  CHECK(memory_bytes(object) >= 2 * sizeof(value) + 300);
}
