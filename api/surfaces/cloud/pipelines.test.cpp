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

TEST_CASE("a name alone makes a pipeline, whose warnings say that it has no tasks yet", "[cloud][pipelines]") {
  test_front front;
  front.ops.warnings = {"there are no tasks yet"};
  const auto made = front.ask(verb::post, "/v1/pipelines", R"({"name":"later"})");
  REQUIRE(made.status() == 201);
  CHECK(front.ops.last_draft.source.text == "{}");
  CHECK(front.ops.last_draft.defaults.unfinished);
  CHECK(made.at("data.warnings.0") == "there are no tasks yet");
  CHECK(made.at("data.source.type") == "none");
  CHECK(made.at("data.destination.type") == "none");
  CHECK(made.at("data.updated_at") == made.at("data.created_at"));
  CHECK(front.ask(verb::get, "/v1/pipelines/" + made.at("data.id")).at("data.source.type") == "none");
}

TEST_CASE("a part of a definition is changed by itself, and secrets that are sent back keep their value",
          "[cloud][pipelines]") {
  test_front front;
  const auto made = front.ask(verb::post, "/v1/pipelines",
                              R"({"name":"p","source":{"type":"postgresql","host":"db.example.com","password":"p"},)"
                              R"("destination":{"type":"snowflake","warehouse":"analytics","token":"t"}})");
  REQUIRE(made.status() == 201);
  const auto path = "/v1/pipelines/" + made.at("data.id");
  CHECK(made.raw.body.find(R"("source":{"type":"postgresql","host":"db.example.com","password":"***"})") !=
        std::string::npos);
  CHECK(made.at("data.warnings") == "-");

  const auto changed =
    front.ask(verb::patch, path, R"({"source":{"type":"postgresql","host":"db2","password":"***"}})");
  REQUIRE(changed.status() == 200);
  CHECK(changed.at("data.source.host") == "db2");
  CHECK(changed.at("data.source.password") == "***");
  CHECK(changed.at("data.destination.warehouse") == "analytics");
  CHECK(changed.at("data.updated_at") != changed.at("data.created_at"));
  const auto& text = front.ops.last_patch.source->text;
  CHECK(text.find(R"("host":"db2","password":"p")") != std::string::npos);
  CHECK(text.find(R"("token":"t")") != std::string::npos);
  CHECK(front.ops.last_patch.if_state->revision == 1);
  CHECK(front.ops.last_patch.defaults.unfinished);

  CHECK(front.ask(verb::patch, path, R"({"destination":null})").at("data.destination.type") == "none");
  const auto refused = front.ask(verb::patch, path, R"({"destination":{"type":"s3","secret":"***"}})");
  CHECK(refused.status() == 400);
  CHECK(refused.at("error.message").find("destination.secret") != std::string::npos);
}

TEST_CASE("a definition of another form is changed as a whole", "[cloud][pipelines]") {
  test_front front;
  const auto path = "/v1/pipelines/" + front.ask(verb::post, "/v1/pipelines", native).at("data.id");
  CHECK(front.ask(verb::patch, path, R"({"source":{"type":"x"}})").status() == 409);
  CHECK(front.ask(verb::patch, path, R"({"source":{"type":"x"},"destination":{"type":"y"}})").at("data.source.type") ==
        "x");
  CHECK(front.ask(verb::patch, path, R"({"definition":{"tasks":[{"id":"b","type":"noop"}]}})").status() == 200);
  CHECK(front.ops.last_patch.source->text == R"({"tasks":[{"id":"b","type":"noop"}]})");
}

TEST_CASE("fields of a pipeline are changed one by one, if it is as it was seen", "[cloud][pipelines]") {
  test_front front;
  const auto made = front.ask(verb::post, "/v1/pipelines", native);
  const auto path = "/v1/pipelines/" + made.at("data.id");
  CHECK(front.ask(verb::patch, path, R"({"name":"new"})", {{"If-Match", "\"0-0\""}}).status() == 412);
  const auto renamed =
    front.ask(verb::patch, path, R"({"name":"new","type":"automation"})", {{"If-Match", made.header("ETag")}});
  CHECK(renamed.at("data.name") == "new");
  CHECK(renamed.at("data.type") == "automation");
  CHECK(renamed.at("data.schedule") == "0 2 * * *");
  CHECK(renamed.header("ETag") != made.header("ETag"));
  CHECK_FALSE(front.ops.last_patch.source);
  CHECK(front.ask(verb::patch, path, R"({"schedule":null})").at("data.schedule") == "null");
  CHECK(front.ask(verb::patch, path, "{}").status() == 200);
  for (const auto* body :
       {R"({"name":null})", R"({"name":7})", R"({"type":"batch"})", R"({"schedule":"never"})", R"({"source":"x"})",
        R"({"destination":[]})", R"({"transformations":"x"})", R"({"definition":null})", R"({"definition":7})"}) {
    const auto r = front.ask(verb::patch, path, body);
    INFO(body);
    CHECK(r.status() == 400);
    CHECK(r.at("error.message").find(std::string_view{body}.substr(2, std::string_view{body}.find(':') - 3)) !=
          std::string::npos);
  }
  CHECK(front.ask(verb::patch, "/v1/pipelines/nonsense", "{}").status() == 404);
  CHECK(front.ask(verb::patch, "/v1/pipelines/" + to_text(uuid{}), "{}").status() == 404);
}
