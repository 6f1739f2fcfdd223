#include "api/surfaces/cloud/workflows.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::test_front;

TEST_CASE("a workflow is made of the types of its ends, listed, and its runs with it", "[cloud][workflows]") {
  test_front front;
  const auto made = front.ask(verb::post, "/v1/etl/workflows",
                              R"({"name":"Sync","source_type":"salesforce","destination_type":"snowflake"})");
  REQUIRE(made.status() == 201);
  CHECK(made.at("data.id").starts_with("wf_"));
  CHECK(made.at("data.status") == "active");
  CHECK(front.ops.last_draft.type == pipeline_type::etl);
  const auto& text = front.ops.last_draft.source.text;
  CHECK(text.find(R"("source":{"type":"salesforce"})") != std::string::npos);
  CHECK(text.find(R"("destination":{"type":"snowflake"})") != std::string::npos);
  const auto list = front.ask(verb::get, "/v1/etl/workflows");
  CHECK(list.at("data.0.id") == made.at("data.id"));
  CHECK(list.at("meta.total") == "1");

  const auto started = front.ask(verb::post, "/v1/etl/workflows/" + made.at("data.id") + "/trigger", "{}");
  CHECK(started.status() == 202);
  CHECK(started.at("data.run_id").starts_with("run_"));
  CHECK(started.at("data.workflow_id") == made.at("data.id"));
  CHECK(started.at("data.status") == "pending");
  CHECK(started.at("data.triggered_by") == "api");
  const auto runs = front.ask(verb::get, "/v1/etl/workflows/" + made.at("data.id") + "/runs");
  CHECK(runs.at("data.0.run_id") == started.at("data.run_id"));
  CHECK(runs.at("data.0.rows_processed") == "0");
}

TEST_CASE("a workflow needs a name alone", "[cloud][workflows]") {
  test_front front;
  const auto r = front.ask(verb::post, "/v1/etl/workflows", "{}");
  CHECK(r.status() == 400);
  CHECK(r.at("error.message").find("name") != std::string::npos);
  front.ops.warnings = {"there are no tasks yet"};
  const auto made = front.ask(verb::post, "/v1/etl/workflows", R"({"name":"Sync"})");
  CHECK(made.status() == 201);
  CHECK(made.at("data.warnings.0") == "there are no tasks yet");
  CHECK(front.ops.last_draft.source.text == "{}");
  CHECK(front.ops.last_draft.defaults.unfinished);
  CHECK(front.ask(verb::get, "/v1/etl/workflows/nonsense/runs").at("error.code") == "NOT_FOUND");
}
