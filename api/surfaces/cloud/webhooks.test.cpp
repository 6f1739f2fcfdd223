#include "api/surfaces/cloud/webhooks.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

TEST_CASE("a webhook endpoint needs a URL and events that are known", "[cloud][webhook]") {
  test_front front;
  const auto message = [&](const std::string& body) {
    const auto r = front.ask(verb::post, "/v1/webhooks", body);
    CHECK(r.status() == 400);
    CHECK(r.at("error.code") == "BAD_REQUEST");
    return r.at("error.message");
  };
  CHECK(message(R"({"events":["job.completed"]})").find("url") != std::string::npos);
  for (const auto* url : {"ftp://x/", "x", "http://", "http://:80/", "http://u:p@x/", "http://x/#a", "http://x y/"})
    CHECK(message(R"({"events":["job.completed"],"url":")" + std::string{url} + "\"}").find("url") !=
          std::string::npos);
  CHECK(message(R"({"url":"http://x/","events":["job.gone"]})").find("job.failed") != std::string::npos);
  CHECK(message(R"({"url":"http://x/","events":[]})").find("events") != std::string::npos);
  CHECK(message(R"({"url":"http://x/","events":["job.failed"],"max_retries":21})").find("max_retries") !=
        std::string::npos);
  CHECK(message(R"({"url":"http://x/","events":["job.failed"],"secret":""})").find("secret") != std::string::npos);
}

TEST_CASE("webhook endpoints are for admins", "[cloud][webhook]") {
  test_front front;
  front.key = fake_operations::reader_key;
  CHECK(front.ask(verb::get, "/v1/webhooks").status() == 403);
  CHECK(front.ask(verb::get, "/api/v1/orchestrator/webhooks").status() == 403);
  front.key.clear();
  CHECK(front.ask(verb::get, "/v1/webhooks").status() == 401);
}

TEST_CASE("an unsigned trigger is a 401 in the same words, whatever is wrong with it", "[engine][webhook]") {
  test_front front;
  front.key.clear();
  const auto id = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
  const auto first = front.ask(verb::post, "/api/v1/orchestrator/trigger");
  CHECK(first.status() == 401);
  for (const auto* path : {"/api/v1/orchestrator/trigger", "/api/v1/orchestrator/callback"})
    for (const auto* body : {"", "{", R"({"external_job_id":"a"})"}) {
      const auto r = front.ask(verb::post, path, body, {{"X-Webhook-Id", id}, {"X-Webhook-Signature", "00"}});
      CHECK(r.status() == 401);
      CHECK(r.at("detail") == first.at("detail"));
    }
}
