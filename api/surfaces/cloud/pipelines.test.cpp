#include "api/surfaces/cloud/pipelines.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::test_front;

namespace {

constexpr const char* native = R"({"name":"Customer Data ETL","type":"saas","schedule":"0 2 * * *",)"
                               R"("definition":{"tasks":[{"id":"a","type":"noop"}]}})";

} // namespace

TEST_CASE("a pipeline is made, shown and listed as documented", "[cloud][pipelines]") {
  test_front front;
  const auto made = front.ask(verb::post, "/v1/pipelines", native);
  REQUIRE(made.status() == 201);
  CHECK(made.at("data.id").starts_with("pipe_"));
  CHECK(front.ops.last_draft.type == pipeline_type::saas);
  CHECK(made.at("data.status") == "active");
  CHECK(made.at("data.schedule") == "0 2 * * *");
  CHECK(made.at("data.last_run_at") == "null");
  CHECK(made.at("data.next_run_at") == "null");
  const auto one = front.ask(verb::get, "/v1/pipelines/" + made.at("data.id"));
  CHECK(one.at("data.name") == "Customer Data ETL");
  // Its status may have changed without the pipeline.
  CHECK(
    front.ask(verb::get, "/v1/pipelines/" + made.at("data.id"), "", {{"If-None-Match", one.header("ETag")}}).status() ==
    200);
  const auto list = front.ask(verb::get, "/v1/pipelines?status=active&type=saas");
  CHECK(list.at("data.0.id") == made.at("data.id"));
  CHECK(list.at("meta.total_pages") == "1");
}

TEST_CASE("source and destination make a definition", "[cloud][pipelines]") {
  test_front front;
  const auto made =
    front.ask(verb::post, "/v1/pipelines",
              R"({"name":"p","source":{"type":"inline","rows":[{"a":1}]},"destination":{"type":"file"}})");
  REQUIRE(made.status() == 201);
  const auto& text = front.ops.last_draft.source.text;
  CHECK(text.find(R"("source":{"type":"inline")") != std::string::npos);
  CHECK(text.find(R"("destination":{"type":"file"})") != std::string::npos);
}

TEST_CASE("wrong fields are all told, in the document's form", "[cloud][pipelines]") {
  test_front front;
  const auto r = front.ask(verb::post, "/v1/pipelines", R"({"type":"batch","schedule":"never","definition":7})");
  CHECK(r.status() == 400);
  CHECK(r.at("error.code") == "BAD_REQUEST");
  for (const auto* field : {"name", "type", "schedule", "definition"})
    CHECK(r.at("error.message").find(field) != std::string::npos);
  CHECK(front.ask(verb::get, "/v1/pipelines?status=broken").status() == 400);
  CHECK(front.ask(verb::get, "/v1/pipelines?type=batch").status() == 400);
  CHECK(front.ask(verb::get, "/v1/pipelines/nonsense").at("error.code") == "NOT_FOUND");
}

TEST_CASE("a pipeline is paused, resumed, triggered and deleted", "[cloud][pipelines]") {
  test_front front;
  const auto path = "/v1/pipelines/" + front.ask(verb::post, "/v1/pipelines", native).at("data.id");
  const auto paused = front.ask(verb::post, path + "/pause");
  CHECK(paused.at("data.status") == "paused");
  CHECK(front.ask(verb::post, path + "/resume", "", {{"If-Match", "\"0-0\""}}).status() == 412);
  CHECK(front.ask(verb::post, path + "/resume", "", {{"If-Match", paused.header("ETag")}}).at("data.status") ==
        "active");
  const auto started = front.ask(verb::post, path + "/trigger", "{}");
  CHECK(started.status() == 202);
  CHECK(started.at("data.id").starts_with("job_"));
  CHECK(started.at("data.status") == "pending");
  CHECK(started.at("data.triggered_by") == "api");
  CHECK(front.ops.last_start.trigger == trigger_kind::api);
  const auto waited = front.ask(verb::post, path + "/trigger", "", {{"Prefer", "wait=5"}});
  CHECK(waited.status() == 200);
  CHECK(waited.at("data.status") == "completed");
  CHECK(front.ask(verb::del, path).status() == 204);
  CHECK(front.ask(verb::get, path).status() == 404);
}
