#include "api/surfaces/pipelines/render.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::test_front;
using namespace std::chrono_literals;

namespace {

struct with_pipeline : test_front {
  std::string pipeline = ask(verb::post, "/api/pipelines", R"({"name":"a","config":{}})").at("id");

  reply_view start(const std::string& body = "", const headers& more = {}) {
    return ask(verb::post, "/api/pipelines/" + pipeline + "/run", body, more);
  }
  static run_id id_of(const std::string& text) { return run_id{*parse_uuid(text)}; }
};

} // namespace

TEST_CASE_METHOD(with_pipeline, "a start is answered as documented, without a body and with one", "[pipelines][runs]") {
  const auto started = start();
  REQUIRE(started.status() == 202);
  CHECK(started.at("pipeline_id") == pipeline);
  CHECK(started.at("status") == "pending");
  CHECK(started.at("triggered_by") == "manual");
  CHECK(started.at("created_at") == "2023-11-14T22:13:20.000Z");
  CHECK(started.header("Location") == "/api/pipelines/runs/" + started.at("id"));
  CHECK(start("{}").status() == 202);
  CHECK(start(R"({"parameters":{"since":"2026-01-01"}})").status() == 202);
  CHECK(*ops.last_start.parameters.find("since")->as_string() == "2026-01-01");
  CHECK(ops.last_start.triggered_by == "admin-key");
  CHECK(start(R"({"parameters":[1]})").at("errors.0.field") == "parameters");
  CHECK(start("[]").status() == 400);
}

TEST_CASE_METHOD(with_pipeline, "idempotency key, trace context and wait go with the start", "[pipelines][runs]") {
  const auto trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto ended = start("{}", {{"Idempotency-Key", "k"}, {"traceparent", trace}, {"Prefer", "wait=120"}});
  CHECK(ops.last_start.once.key == "k");
  CHECK(ops.last_start.once.request_hash.size() == 32);
  CHECK(ops.last_start.traceparent == trace);
  CHECK(ops.last_start.wait == 120s);
  REQUIRE(ended.status() == 200);
  CHECK(ended.at("status") == "success");
  CHECK(ended.at("finished_at") != "null");
  CHECK(ended.header("Preference-Applied") == "wait=120");
  start("{}", {{"Prefer", "wait=100000"}});
  CHECK(ops.last_start.wait == settings.wait_max);
}

TEST_CASE_METHOD(with_pipeline, "a run is shown with the documented fields and its tasks", "[pipelines][runs]") {
  const auto id = start().at("id");
  auto shown = ask(verb::get, "/api/pipelines/runs/" + id);
  CHECK(shown.at("status") == "running");
  CHECK(shown.at("finished_at") == "null");
  CHECK(shown.at("error") == "null");
  CHECK(shown.at("output_file") == "null");
  CHECK(shown.at("output_file_size") == "null");
  CHECK(shown.at("tasks.0.id") == "extract");
  ops.move_run(id_of(id), run_status::failed, "no such table");
  shown = ask(verb::get, "/api/pipelines/runs/" + id);
  CHECK(shown.at("status") == "failed");
  CHECK(shown.at("error") == "no such table");
  CHECK(ask(verb::get, "/api/pipelines/runs/9c1f0e2a-1111-7222-8333-444455556666").status() == 404);
  CHECK(ask(verb::get, "/api/pipelines/runs/x").at("errors.0.field") == "run_id");
}

TEST_CASE("an output is named by run and format", "[pipelines][runs]") {
  run_view run;
  run.record.id = run_id{*parse_uuid("9c1f0e2a-1111-7222-8333-444455556666")};
  run.record.output =
    artifact{.name = "report.csv", .path = "x", .format = "csv", .rows = 1, .bytes = 1'048'576, .hash = ""};
  const auto r = test_front::view(pipelines::render_run(run, false));
  CHECK(r.at("output_file") == "outputs/9c1f0e2a-1111-7222-8333-444455556666/output.csv");
  CHECK(r.at("output_file_size") == "1048576");
  CHECK(r.at("tasks") == "-");
}

TEST_CASE_METHOD(with_pipeline, "runs are listed as a bare array, by status", "[pipelines][runs]") {
  const auto first = start().at("id");
  start();
  ops.move_run(id_of(first), run_status::succeeded);
  const auto base = "/api/pipelines/" + pipeline + "/runs";
  CHECK(ask(verb::get, base).header("X-Total-Count") == "2");
  const auto done = ask(verb::get, base + "?status=success&limit=1");
  CHECK(done.header("X-Total-Count") == "1");
  CHECK(done.at("0.id") == first);
  CHECK(done.at("0.triggered_by") == "manual");
  CHECK(ask(verb::get, base + "?limit=1").json.as_list()->size() == 1);
  CHECK(ask(verb::get, base + "?status=completed").at("errors.0.message").find("success") != std::string::npos);
  CHECK(ask(verb::get, "/api/pipelines/9c1f0e2a-1111-7222-8333-444455556666/runs").status() == 404);
}

TEST_CASE_METHOD(with_pipeline, "log lines are text, and a follower learns where to go on", "[pipelines][runs]") {
  const auto id = start().at("id");
  auto& lines = ops.logs[id_of(id)];
  lines.push_back({from_ms(1'705'334'400'123), log_level::info, "", "Starting pipeline"});
  lines.push_back({from_ms(1'705'334'401'000), log_level::error, "extract", "no \"table\""});
  const auto base = "/api/pipelines/runs/" + id + "/logs";
  CHECK(ask(verb::get, base).at("logs") ==
        "2024-01-15 16:00:00 INFO Starting pipeline\n2024-01-15 16:00:01 ERROR [extract] no \"table\"\n");
  CHECK(ask(verb::get, base).at("next") == "2");
  CHECK(ask(verb::get, base + "?limit=1").at("next") == "1");
  CHECK(ask(verb::get, base + "?from=1").at("logs") == "2024-01-15 16:00:01 ERROR [extract] no \"table\"\n");
  CHECK(ask(verb::get, base + "?from=2").at("logs").empty());
  CHECK(ask(verb::get, base + "?from=x").status() == 400);
}

TEST_CASE_METHOD(with_pipeline, "an output file is offered under a harmless name", "[pipelines][runs]") {
  const auto id = start().at("id");
  const auto target = "/api/pipelines/runs/" + id + "/download";
  CHECK(ask(verb::get, target).status() == 404);
  operations::output_file file;
  file.path = "/data/x";
  file.what.format = "parquet";
  file.what.name = "a\"\r\n/b.parquet";
  ops.outputs[id_of(id)] = file;
  const auto offered = ask(verb::get, target);
  CHECK(offered.raw.file == "/data/x");
  CHECK(offered.raw.content_type == "application/vnd.apache.parquet");
  CHECK(offered.header("Content-Disposition") == "attachment; filename=\"a____b.parquet\"");
}

TEST_CASE_METHOD(with_pipeline, "a run is cancelled once", "[pipelines][runs]") {
  const auto target = "/api/pipelines/runs/" + start().at("id") + "/cancel";
  CHECK(ask(verb::post, target).at("status") == "cancelled");
  const auto again = ask(verb::post, target);
  CHECK(again.status() == 409);
  CHECK(again.at("code") == "invalid_transition");
}

TEST_CASE_METHOD(with_pipeline, "errors of operations have their statuses", "[pipelines][runs]") {
  const std::vector<std::pair<errc, int>> expected{{errc::unavailable, 503}, {errc::rate_limited, 429},
                                                   {errc::key_reused, 422},  {errc::timed_out, 504},
                                                   {errc::internal, 500},    {errc::corrupt_record, 500}};
  for (const auto& [code, status] : expected) {
    ops.next_error = error{code, "inner words", {}};
    const auto r = start();
    CHECK(r.status() == status);
    CHECK((r.header("Retry-After") == "1") == (status == 503 || status == 429));
    // What is our own fault is logged, not told.
    CHECK((r.at("detail") == "inner words") == (status != 500));
  }
}

TEST_CASE_METHOD(with_pipeline, "an answer may come later and from elsewhere", "[pipelines][runs]") {
  ops.hold();
  const auto later = ask_later(verb::post, "/api/pipelines/" + pipeline + "/run");
  CHECK_FALSE(later->got);
  ops.release();
  REQUIRE(later->got);
  CHECK(later->got->status == 202);
}
