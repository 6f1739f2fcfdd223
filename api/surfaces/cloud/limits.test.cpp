#include "api/surfaces/cloud/limits.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

TEST_CASE("a pool's limit is set, listed and taken away", "[cloud][pool]") {
  test_front front;
  CHECK(front.ask(verb::get, "/v1/pools").at("meta.total_pages") == "0");
  const auto put = front.ask(verb::put, "/v1/pools/heavy%20duty%2F1", R"({"limit":3})");
  REQUIRE(put.status() == 200);
  CHECK(put.at("data.name") == "heavy duty/1");
  CHECK(put.at("data.limit") == "3");
  CHECK(put.at("data.held") == "0");
  CHECK(put.at("data.updated_at") == "2023-11-14T22:13:20.000Z");
  CHECK(front.ask(verb::put, "/v1/pools/heavy%20duty%2F1", R"({"limit":0})").at("data.limit") == "0");
  CHECK(front.ask(verb::put, "/v1/pools/a", R"({"limit":1000000})").status() == 200);
  const auto list = front.ask(verb::get, "/v1/pools?limit=1&page=2");
  CHECK(list.at("data.0.name") == "heavy duty/1");
  CHECK(list.at("data.0.limit") == "0");
  CHECK(list.at("meta.total") == "2");
  CHECK(list.at("meta.total_pages") == "2");
  CHECK(front.ask(verb::del, "/v1/pools/a").status() == 204);
  CHECK(front.ask(verb::del, "/v1/pools/a").status() == 404);
  CHECK(front.ask(verb::get, "/v1/pools").at("meta.total") == "1");
}

TEST_CASE("a wrong limit or name of a pool is refused, and only an admin may", "[cloud][pool]") {
  test_front front;
  for (const auto* body :
       {R"({})", R"({"limit":-1})", R"({"limit":1000001})", R"({"limit":"3"})", R"({"limit":1.5})"}) {
    const auto refused = front.ask(verb::put, "/v1/pools/a", body);
    INFO(body);
    CHECK(refused.status() == 400);
    CHECK(refused.at("error.message").find("limit") != std::string::npos);
  }
  CHECK(front.ask(verb::put, "/v1/pools/" + std::string(101, 'a'), R"({"limit":1})").status() == 400);
  CHECK(front.ask(verb::put, "/v1/pools/a%0Ab", R"({"limit":1})").status() == 400);
  CHECK(front.ask(verb::put, "/v1/pools/%FF", R"({"limit":1})").status() == 400);
  front.key = fake_operations::reader_key;
  CHECK(front.ask(verb::get, "/v1/pools").status() == 403);
  CHECK(front.ask(verb::put, "/v1/pools/a", R"({"limit":1})").status() == 403);
  CHECK(front.ask(verb::del, "/v1/pools/a").status() == 403);
}

TEST_CASE("a workspace sees its own pools alone", "[cloud][pool]") {
  test_front front;
  CHECK(front.ask(verb::put, "/v1/pools/a", R"({"limit":1})").status() == 200);
  front.key = fake_operations::other_key;
  CHECK(front.ask(verb::get, "/v1/pools").at("meta.total") == "0");
  CHECK(front.ask(verb::del, "/v1/pools/a").status() == 404);
}

TEST_CASE("a run is started with a priority on the surfaces that start runs", "[cloud][priority]") {
  test_front front;
  const auto made = front.ask(verb::post, "/api/pipelines", R"({"name":"p","config":{"tasks":[]}})");
  for (const auto& path : {"/api/pipelines/" + made.at("id") + "/run", "/api/v1/pipelines/" + made.at("id") + "/run"}) {
    INFO(path);
    CHECK(front.ask(verb::post, path, R"({"priority":"HIGH"})").status() == 202);
    CHECK(front.ops.last_start.priority == task_priority::high);
    CHECK(front.ask(verb::post, path, "{}").status() == 202);
    CHECK_FALSE(front.ops.last_start.priority);
    CHECK(front.ask(verb::post, path, R"({"priority":"soon"})").status() == 400);
  }
}

TEST_CASE("a job that has not ended takes another priority", "[cloud][priority]") {
  test_front front;
  const auto made = front.ask(verb::post, "/api/pipelines", R"({"name":"p","config":{"tasks":[]}})");
  REQUIRE(made.status() == 201);
  const auto run = front.ask(verb::post, "/api/pipelines/" + made.at("id") + "/run").at("id");
  auto job = "job_" + run;
  std::erase(job, '-');
  const auto changed = front.ask(verb::patch, "/v1/jobs/" + run, R"({"priority":"HIGH"})");
  REQUIRE(changed.status() == 200);
  CHECK(changed.at("data.priority") == "HIGH");
  CHECK(changed.at("data.id") == job);
  CHECK(front.ask(verb::patch, "/v1/jobs/" + job, R"({"priority":"low"})").at("data.priority") == "LOW");
  CHECK(front.ask(verb::patch, "/v1/jobs/" + job, R"({"priority":"URGENT"})").status() == 400);
  CHECK(front.ask(verb::patch, "/v1/jobs/" + job, R"({})").at("error.message").find("priority") != std::string::npos);
  CHECK(front.ask(verb::patch, "/v1/jobs/nonsense", R"({"priority":"LOW"})").status() == 400);
  front.ops.move_run(run_id{*parse_uuid(run)}, run_status::succeeded);
  CHECK(front.ask(verb::patch, "/v1/jobs/" + job, R"({"priority":"LOW"})").status() == 409);
  front.key = fake_operations::other_key;
  CHECK(front.ask(verb::patch, "/v1/jobs/" + job, R"({"priority":"LOW"})").status() == 404);
  front.key = fake_operations::reader_key;
  CHECK(front.ask(verb::patch, "/v1/jobs/" + job, R"({"priority":"LOW"})").status() == 403);
}
