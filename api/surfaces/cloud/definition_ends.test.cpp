#include "api/surfaces/cloud/definition_ends.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace penstock::cloud;

namespace {

std::string ends(std::string_view text, definition_format format = definition_format::json) {
  const auto read = read_definition({format, std::string{text}});
  REQUIRE(read);
  return write_json(source_of(*read)) + " > " + write_json(destination_of(*read));
}

} // namespace

TEST_CASE("source and destination are shown as written", "[cloud][pipelines]") {
  CHECK(ends(R"({"source":{"type":"postgresql","host":"db"},"destination":{"type":"snowflake","warehouse":"a"}})") ==
        R"({"type":"postgresql","host":"db"} > {"type":"snowflake","warehouse":"a"})");
  CHECK(ends(R"({"source":{"name":"hubspot","stream":"contacts"},"destination":{"name":"bigquery"}})") ==
        R"({"type":"hubspot","name":"hubspot","stream":"contacts"} > {"type":"bigquery","name":"bigquery"})");
  CHECK(ends("{}") == R"({"type":"none"} > {"type":"none"})");
}

TEST_CASE("of other forms it is the first source and the last sink", "[cloud][pipelines]") {
  CHECK(ends("tasks:\n"
             "  - {id: a, type: source, connector: inline, rows: [{x: 1}], retries: 2}\n"
             "  - {id: b, type: source, connector: file, path: p.csv}\n"
             "  - {id: c, type: sink, needs: [a], connector: file, format: csv}\n"
             "  - {id: d, type: sink, needs: [b], connector: file, format: parquet}\n",
             definition_format::yaml) == R"({"type":"inline","rows":[{"x":1}]} > {"type":"file","format":"parquet"})");
  CHECK(ends(R"({"tasks":[{"id":"a","type":"noop"}]})") == R"({"type":"none"} > {"type":"none"})");
  CHECK(ends(R"({"sources":{"a":{"type":"inline","rows":[]}},"sinks":[{"type":"x"},{"type":"y"}]})") ==
        R"({"type":"inline","rows":[]} > {"type":"y"})");
  CHECK(ends(R"({"source":{"connection":"teradata-prod","table":"t"},"target":{"connection":"w"}})") ==
        R"({"type":"connection","connection":"teradata-prod","table":"t"} > {"type":"connection","connection":"w"})");
}
