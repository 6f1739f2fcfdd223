#include "api/surfaces/cloud/jobs.hpp"

#include "api/surfaces/cloud/render.hpp"
#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

namespace {

/// Starts a run of a pipeline made for it.
run_id start(test_front& front) {
  const auto made =
    front.ask(verb::post, "/api/pipelines", R"({"name":"p","config":{"tasks":[{"id":"a","type":"noop"}]}})");
  const auto run = front.ask(verb::post, "/api/pipelines/" + made.at("id") + "/run");
  return run_id{*parse_uuid(run.at("id"))};
}

} // namespace

TEST_CASE("jobs are listed and shown in the document's words", "[cloud][jobs]") {
  test_front front;
  const auto id = start(front);
  front.ops.now += milliseconds{273'000};
  front.ops.move_run(id, run_status::succeeded);
  const auto list = front.ask(verb::get, "/v1/jobs?status=completed&limit=20");
  REQUIRE(list.status() == 200);
  CHECK(list.at("data.0.id") == cloud::job_text(id));
  CHECK(list.at("data.0.pipeline_id").starts_with("pipe_"));
  CHECK(list.at("data.0.status") == "completed");
  CHECK(list.at("data.0.error") == "null");
  CHECK(list.at("meta.total") == "1");
  CHECK(list.at("meta.total_pages") == "1");
  CHECK(front.ask(verb::get, "/v1/jobs?status=failed").at("meta.total") == "0");

  const auto one = front.ask(verb::get, "/v1/jobs/" + cloud::job_text(id), "", {{"Host", "penstock.example:8080"}});
  CHECK(one.at("data.logs_url") == "http://penstock.example:8080/v1/jobs/" + cloud::job_text(id) + "/logs");
}

TEST_CASE("a failed job tells why, and its duration", "[cloud][jobs]") {
  test_front front;
  const auto id = start(front);
  front.ops.move_run(id, run_status::running);
  front.ops.now += milliseconds{273'000};
  front.ops.move_run(id, run_status::failed, "no space");
  const auto one = front.ask(verb::get, "/v1/jobs/" + to_text(id));
  CHECK(one.at("data.error") == "no space");
  CHECK(one.at("data.duration_ms") == "273000");
}

TEST_CASE("a job's log is paged by line numbers", "[cloud][jobs]") {
  test_front front;
  const auto id = start(front);
  for (const auto* text : {"one", "two", "three"})
    front.ops.logs[id].push_back({front.ops.now, log_level::info, "a", text});
  const auto some = front.ask(verb::get, "/v1/jobs/" + to_text(id) + "/logs?limit=2");
  CHECK(some.at("data.1.message") == "two");
  CHECK(some.at("data.1.level") == "info");
  CHECK(some.at("meta.next") == "2");
  CHECK(front.ask(verb::get, "/v1/jobs/" + to_text(id) + "/logs?from=2").at("data.0.message") == "three");
}

TEST_CASE("what is no job, pipeline, status or date is refused in the document's form", "[cloud][jobs]") {
  test_front front;
  for (const auto* path :
       {"/v1/jobs/nonsense", "/v1/jobs/job_019ab3c0111172228333444455556666", "/v1/jobs/nonsense/logs",
        "/v1/jobs?pipeline_id=nonsense", "/v1/jobs?pipeline_id=pipe_019ab3c0111172228333444455556666"}) {
    const auto r = front.ask(verb::get, path);
    CHECK(r.status() == 404);
    CHECK(r.at("error.code") == "NOT_FOUND");
  }
  for (const auto* query : {"status=success", "from_date=yesterday", "to_date=2026-13-01", "page=0"})
    CHECK(front.ask(verb::get, std::string{"/v1/jobs?"} + query).at("error.code") == "BAD_REQUEST");
  for (const auto* query :
       {"from_date=2026-05-25", "from_date=2026-05-25T02:00:00%2B02:00", "to_date=2026-05-25T02:00:00+02:00"})
    CHECK(front.ask(verb::get, std::string{"/v1/jobs?"} + query).status() == 200);
}

TEST_CASE("a job is cancelled once", "[cloud][jobs]") {
  test_front front;
  const auto id = start(front);
  CHECK(front.ask(verb::post, "/v1/jobs/" + to_text(id) + "/cancel").at("data.status") == "cancelled");
  CHECK(front.ask(verb::post, "/v1/jobs/" + to_text(id) + "/cancel").status() == 409);
  front.key = fake_operations::reader_key;
  CHECK(front.ask(verb::post, "/v1/jobs/" + to_text(id) + "/cancel").status() == 403);
}
