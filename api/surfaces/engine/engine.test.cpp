#include "api/surfaces/engine/render.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::test_front;
using namespace std::chrono_literals;

namespace {

const std::string minimal = R"({"name":"billing","yamlDefinition":"version: 1\n"})";

struct engine_front : test_front {
  reply_view create(const std::string& body = minimal) { return ask(verb::post, "/api/v1/pipelines", body); }
  static run_id id_of(const std::string& text) { return run_id{*parse_uuid(text)}; }
};

/// What a stream sent, and whether it was told to end.
struct recording_sink final : message_sink {
  std::vector<std::string> messages;
  bool finished = false;
  void send(std::string message) override { messages.push_back(std::move(message)); }
  void finish(std::string message) override {
    messages.push_back(std::move(message));
    finished = true;
  }
};

} // namespace

TEST_CASE_METHOD(engine_front, "a pipeline starts as a draft with the documented defaults", "[engine]") {
  const auto made = create();
  REQUIRE(made.status() == 201);
  CHECK(made.at("workspaceId") == to_text(default_workspace));
  CHECK(made.at("yamlDefinition") == "version: 1\n");
  CHECK(made.at("version") == "1");
  CHECK(made.at("status") == "DRAFT");
  CHECK(made.at("tags") == "[]");
  CHECK(made.at("maxRetries") == "3");
  CHECK(made.at("retryDelaySeconds") == "60");
  CHECK(made.at("timeoutSeconds") == "3600");
  CHECK(made.at("isActive") == "true");
  CHECK(made.at("createdAt") == made.at("updatedAt"));
  CHECK(made.at("createdBy") == "admin-key");
  CHECK(made.at("scheduleCron") == "-");
  const auto& defaults = ops.last_draft.defaults;
  CHECK(defaults.default_retry.attempts_max == 4);
  CHECK(defaults.default_retry.delay_ms == 60'000);
  CHECK(defaults.default_timeout_ms == 3'600'000);
}

TEST_CASE_METHOD(engine_front, "everything that was given is given back", "[engine]") {
  const auto made =
    create(R"({"name":"b","description":"d","yamlDefinition":"x","scheduleCron":"0 2 * * *","tags":["t"],)"
           R"("sourceConnectionId":"a1b2c3d4-0000-0000-0000-000000000001","maxRetries":0,"retryDelaySeconds":5,)"
           R"("timeoutSeconds":10,"notifications":{"mail":"a@b"},"isActive":false})");
  REQUIRE(made.status() == 201);
  const auto shown = ask(verb::get, "/api/v1/pipelines/" + made.at("id"));
  for (const auto* r : {&made, &shown}) {
    CHECK(r->at("description") == "d");
    CHECK(r->at("scheduleCron") == "0 2 * * *");
    CHECK(r->at("tags.0") == "t");
    CHECK(r->at("sourceConnectionId") == "a1b2c3d4-0000-0000-0000-000000000001");
    CHECK(r->at("targetConnectionId") == "-");
    CHECK(r->at("maxRetries") == "0");
    CHECK(r->at("notifications.mail") == "a@b");
    CHECK(r->at("isActive") == "false");
  }
  CHECK(ops.last_draft.defaults.default_retry.attempts_max == 1);
}

TEST_CASE_METHOD(engine_front, "all wrong fields are named, a definition's problems below its field", "[engine]") {
  const auto r = create(
    R"({"yamlDefinition":1,"scheduleCron":"x","tags":[1],"maxRetries":-1,"timeoutSeconds":0,"targetConnectionId":"x"})");
  REQUIRE(r.status() == 400);
  std::string named;
  for (const auto& e : *r.json.find("errors")->as_list()) named += *e.find("field")->as_string() + " ";
  CHECK(named == "name yamlDefinition scheduleCron tags[0] targetConnectionId maxRetries timeoutSeconds ");
  ops.refuse_definition = "unknown field";
  CHECK(create().at("errors.0.field") == "yamlDefinition.tasks[0].sql");
}

TEST_CASE_METHOD(engine_front, "every update counts the version up, and new defaults compile again", "[engine]") {
  const auto path = "/api/v1/pipelines/" + create().at("id");
  auto changed = ask(verb::put, path, R"({"description":"new"})");
  REQUIRE(changed.status() == 200);
  CHECK(changed.at("version") == "2");
  CHECK(changed.at("description") == "new");
  CHECK(changed.at("yamlDefinition") == "version: 1\n");
  CHECK_FALSE(ops.last_patch.source.has_value());
  changed = ask(verb::put, path, R"({"maxRetries":7})");
  CHECK(changed.at("maxRetries") == "7");
  CHECK(changed.at("retryDelaySeconds") == "60");
  REQUIRE(ops.last_patch.source.has_value());
  CHECK(ops.last_patch.defaults.default_retry.attempts_max == 8);
  CHECK(ops.last_patch.defaults.default_retry.delay_ms == 60'000);
  changed = ask(verb::put, path, R"({"scheduleCron":"0 2 * * *"})");
  CHECK(changed.at("scheduleCron") == "0 2 * * *");
  changed = ask(verb::put, path, R"({"scheduleCron":null,"sourceConnectionId":null,"maxRetries":null})");
  CHECK(changed.at("scheduleCron") == "-");
  CHECK(changed.at("maxRetries") == "7");
}

TEST_CASE_METHOD(engine_front, "a pipeline of another surface is shown as what it is", "[engine]") {
  const auto id = ask(verb::post, "/api/pipelines", R"({"name":"a","config":{"version":1}})").at("id");
  const auto shown = ask(verb::get, "/api/v1/pipelines/" + id);
  CHECK(shown.at("yamlDefinition") == R"({"version":1})");
  CHECK(shown.at("maxRetries") == "0");
  CHECK(shown.at("timeoutSeconds") == "0");
}

TEST_CASE_METHOD(engine_front, "entity tags guard updates here too, and keep nobody from seeing how runs stand",
                 "[engine]") {
  const auto path = "/api/v1/pipelines/" + create().at("id");
  const auto tag = ask(verb::get, path).header("ETag");
  CHECK(ask(verb::get, path, "", {{"If-None-Match", tag}}).status() == 200);
  CHECK(ask(verb::put, path, "{}", {{"If-Match", tag}}).status() == 200);
  CHECK(ask(verb::put, path, "{}", {{"If-Match", tag}}).status() == 412);
}

TEST_CASE_METHOD(engine_front, "the list is searched by name and knows no other workspace", "[engine]") {
  create();
  create(R"({"name":"other","yamlDefinition":"x"})");
  const auto found = ask(verb::get, "/api/v1/pipelines?search=bill");
  CHECK(found.header("X-Total-Count") == "1");
  CHECK(found.at("0.name") == "billing");
  CHECK(found.at("0.yamlDefinition") == "-");
  CHECK(ask(verb::get, "/api/v1/pipelines?workspaceId=" + to_text(default_workspace)).header("X-Total-Count") == "2");
  CHECK(ask(verb::get, "/api/v1/pipelines?workspaceId=9c1f0e2a-1111-7222-8333-444455556666").raw.body == "[]");
  CHECK(ask(verb::get, "/api/v1/pipelines?workspaceId=x").at("errors.0.field") == "workspaceId");
}

TEST_CASE_METHOD(engine_front, "a run is started with 202, and its own definition gets the pipeline's defaults",
                 "[engine]") {
  const auto pipeline = create().at("id");
  const auto path = "/api/v1/pipelines/" + pipeline + "/run";
  const auto started = ask(verb::post, path, R"({"triggeredBy":"u-7","parameters":{"a":1}})");
  REQUIRE(started.status() == 202);
  CHECK(started.at("pipelineId") == pipeline);
  CHECK(started.at("status") == "RUNNING");
  CHECK(started.at("taskCount") == "1");
  CHECK(started.at("engine") == "embedded");
  CHECK(ops.last_start.triggered_by == "u-7");
  CHECK_FALSE(ops.last_start.source.has_value());
  CHECK(ask(verb::post, path).status() == 202);
  ask(verb::post, path, R"({"yamlDefinition":"y"})");
  CHECK(ops.last_start.source->text == "y");
  CHECK(ops.last_start.defaults.default_retry.attempts_max == 4);
  CHECK(ask(verb::post, path, "{}", {{"Prefer", "wait=1"}}).at("overallStatus") == "COMPLETED");
  CHECK(ask(verb::post, path, R"({"parameters":1,"yamlDefinition":2})").status() == 400);
}

TEST_CASE_METHOD(engine_front, "a run shows the state and error of each task", "[engine]") {
  const auto pipeline = create().at("id");
  const auto id = ask(verb::post, "/api/v1/pipelines/" + pipeline + "/run").at("runId");
  auto shown = ask(verb::get, "/api/v1/runs/" + id);
  CHECK(shown.at("overallStatus") == "RUNNING");
  CHECK(shown.at("taskStatuses.extract") == "RUNNING");
  CHECK(shown.at("errors") == "{}");
  ops.move_run(id_of(id), run_status::failed, "boom");
  shown = ask(verb::get, "/api/v1/runs/" + id);
  CHECK(shown.at("taskStatuses.extract") == "FAILED");
  CHECK(shown.at("errors.extract") == "boom");
}

TEST_CASE("task ids are escaped, and a run's own error has a place", "[engine]") {
  run_view run;
  run.record.status = run_status::failed;
  run.error = "the run took too long";
  task_view task;
  task.id = "a\"b";
  task.status = task_status::blocked;
  run.tasks.push_back(task);
  const auto json = read_json(engine_surface::run_status_json(run)).value();
  CHECK(*json.find("taskStatuses")->find("a\"b")->as_string() == "SKIPPED");
  CHECK(*json.find("errors")->find("run")->as_string() == "the run took too long");
}

TEST_CASE_METHOD(engine_front, "a run is cancelled with the documented words", "[engine]") {
  const auto id = ask(verb::post, "/api/v1/pipelines/" + create().at("id") + "/run").at("runId");
  const auto cancelled = ask(verb::post, "/api/v1/runs/" + id + "/cancel");
  CHECK(cancelled.status() == 200);
  CHECK(cancelled.at("runId") == id);
  CHECK(cancelled.at("status") == "CANCELLED");
  CHECK(cancelled.at("message") == "Run cancelled by user request");
  CHECK(ask(verb::post, "/api/v1/runs/" + id + "/cancel").status() == 409);
}

TEST_CASE("a pipeline's status follows its newest run", "[engine]") {
  pipeline_view p;
  CHECK(engine_surface::pipeline_status(p) == "DRAFT");
  p.last_run.emplace();
  const std::vector<std::pair<run_status, std::string_view>> expected{{run_status::pending, "RUNNING"},
                                                                      {run_status::running, "RUNNING"},
                                                                      {run_status::succeeded, "SUCCESS"},
                                                                      {run_status::failed, "FAILED"},
                                                                      {run_status::cancelled, "CANCELLED"}};
  for (const auto& [status, word] : expected) {
    p.last_run->status = status;
    CHECK(engine_surface::pipeline_status(p) == word);
  }
}

TEST_CASE_METHOD(engine_front, "a stream is refused before it is a WebSocket", "[engine][stream]") {
  const auto id = ask(verb::post, "/api/v1/pipelines/" + create().at("id") + "/run").at("runId");
  const auto path = "/api/v1/runs/" + id + "/stream";
  CHECK(ask(verb::get, path).status() == 426);
  CHECK(ask(verb::get, "/api/v1/runs/9c1f0e2a-1111-7222-8333-444455556666/stream", "", {{"Upgrade", "websocket"}})
          .status() == 404);
  key.clear();
  CHECK(ask(verb::get, path, "", {{"Upgrade", "websocket"}}).status() == 401);
}

TEST_CASE_METHOD(engine_front, "a stream sends the state at once, every change, and ends with the last",
                 "[engine][stream]") {
  const auto id = ask(verb::post, "/api/v1/pipelines/" + create().at("id") + "/run").at("runId");
  const auto opened = ask(verb::get, "/api/v1/runs/" + id + "/stream", "", {{"Upgrade", "websocket"}});
  REQUIRE(opened.status() == 101);
  const auto sink = std::make_shared<recording_sink>();
  auto source = opened.raw.open_stream(sink);
  REQUIRE(sink->messages.size() == 1);
  CHECK(sink->messages[0] == ask(verb::get, "/api/v1/runs/" + id).raw.body);
  ops.move_run(id_of(id), run_status::running);
  CHECK_FALSE(sink->finished);
  ops.move_run(id_of(id), run_status::succeeded);
  CHECK(sink->finished);
  CHECK(sink->messages.size() == 3);
  CHECK(sink->messages.back().find("COMPLETED") != std::string::npos);
  CHECK(ops.watchers() == 1);
  source.reset();
  CHECK(ops.watchers() == 0);
}
