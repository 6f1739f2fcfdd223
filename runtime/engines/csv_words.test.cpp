#include "runtime/engines/csv_words.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("fields of a line of CSV are counted", "[engines][csv]") {
  CHECK(count_csv_fields("", ",") == 1);
  CHECK(count_csv_fields("a,b,", ",") == 3);
  CHECK(count_csv_fields("a,\"b,\"\"c\",d", ",") == 3);
  CHECK(count_csv_fields("a||b|c", "||") == 2);
  CHECK_FALSE(count_csv_fields("a,\"b", ","));
}

TEST_CASE("a mistake in CSV is one sentence with its line", "[engines][csv]") {
  tabular_file csv{"/proc/self/fd/100", "'a.csv'", {}};
  const std::string ragged = "Invalid Input Error: CSV Error on Line: 12\nOriginal Line: 1,2,3\n"
                             "Expected Number of Columns: 1 Found: 3\nPossible fixes:\n* Enable null padding\n";
  CHECK(csv_mistake(ragged, csv) == "Line 12 of 'a.csv' has 3 fields where the heading has 1.");
  csv.format.header = false;
  CHECK(csv_mistake(ragged, csv) == "Line 12 of 'a.csv' has 3 fields where the first line has 1.");
  csv.format.columns = {"a"};
  CHECK(csv_mistake(ragged, csv) == "Line 12 of 'a.csv' has 3 fields where 'columns' names 1.");
  CHECK(
    csv_mistake("CSV Error on Line: 2\nOriginal Line: 1,\"x\n\nValue with unterminated quote found.\n\nPossible fixes:",
                csv) == "Line 2 of 'a.csv' cannot be read as CSV: Value with unterminated quote found.");
  CHECK(csv_mistake("CSV Error on Line: 2\nSomething new\n", csv) == "Line 2 of 'a.csv' cannot be read as CSV.");
  CHECK_FALSE(csv_mistake("Error when sniffing file \"a.csv\".", csv));
}
