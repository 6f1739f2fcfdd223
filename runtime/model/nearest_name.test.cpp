#include "runtime/model/nearest_name.hpp"

#include <catch2/catch.hpp>

using penstock::nearest_name;

TEST_CASE("a misspelt name has a nearest one", "[names]") {
  const std::vector<std::string_view> known{"command", "env", "output", "retries", "timeout"};
  CHECK(nearest_name("comand", known) == "command");
  CHECK(nearest_name("commnad", known) == "command");
  CHECK(nearest_name("OUTPUT", known) == "output");
  CHECK(nearest_name("retry", known) == "");
  CHECK(nearest_name("retires", known) == "retries");
  CHECK(nearest_name("evn", known) == "env");
  CHECK(nearest_name("timeouts", known) == "timeout");
}

TEST_CASE("a part of a name has the only name that begins or ends with it", "[names]") {
  const std::vector<std::string_view> known{"timezone", "business-days", "catch-up", "catch-up-runs", "max-age"};
  CHECK(nearest_name("zone", known) == "timezone");
  CHECK(nearest_name("Business", known) == "business-days");
  CHECK(nearest_name("catc", known).empty());
  CHECK(nearest_name("age", known).empty());
  CHECK(nearest_name("ness", known).empty());
}

TEST_CASE("a name that resembles none has none", "[names]") {
  const std::vector<std::string_view> known{"a", "sql", "command", std::string_view{}};
  CHECK(nearest_name("x", known).empty());
  CHECK(nearest_name("", known).empty());
  CHECK(nearest_name("colour", known).empty());
  CHECK(nearest_name("shell", {}).empty());
  CHECK(nearest_name(std::string(10'000, 'x'), known).empty());
}
