#include "storage/column_families.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace penstock;

SCENARIO("the table of column families is in order of its numbers, without gaps or repeats", "[storage][families]") {
  std::set<std::string_view> names;
  std::size_t expected = 1;
  for (const auto& row : column_families) {
    CHECK(family_place(row.number) == expected++);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.key_layout.empty());
    CHECK_FALSE(row.owner.empty());
    CHECK(is_family(static_cast<std::uint8_t>(row.number)));
  }
  CHECK_FALSE(is_family(0));
  CHECK_FALSE(is_family(static_cast<std::uint8_t>(expected)));
}
