#include "api/application.hpp"

#include "api/kept_request.hpp"
#include "api/remote_address.hpp"
#include "api/test_front.hpp"

#include <sodium.h>

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

namespace {

request asking(verb method, std::string_view path, std::string_view key) {
  request in;
  in.method = method;
  in.path = path;
  in.id = "request-1";
  in.remote_address = "192.0.2.7";
  if (!key.empty()) in.headers.push_back({"x-api-key", key});
  return in;
}

caller limited_to(std::uint32_t rate) {
  caller who{default_workspace, "key", static_cast<scope_set>(scope::admin)};
  who.key = api_key_id{make_uuid7(from_ms(1), 0, rate)};
  who.counted_as = who.key->raw;
  who.rate_limit = rate;
  return who;
}

} // namespace

TEST_CASE("a key beyond its own limit is told 429 on every surface, another is not", "[rate]") {
  test_front front;
  front.ops.put_caller("slow", limited_to(2));
  const auto admit = [&](std::string_view path, std::string_view key) {
    auto in = asking(verb::get, path, key);
    return front.app.admit(in);
  };
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto let_in = admit("/api/pipelines", "slow");
    CHECK_FALSE(let_in.refusal);
    CHECK(let_in.rate.limit == 2);
    CHECK(let_in.rate.remaining == 9 - i);
  }
  for (const auto* path : {"/api/pipelines", "/v1/whoami", "/api/v1/pipelines"}) {
    const auto refused = admit(path, "slow");
    REQUIRE(refused.refusal);
    CHECK(refused.refusal->status == 429);
    CHECK(refused.rate.remaining == 0);
    CHECK(refused.rate.full_at_s == 1'700'000'005);
  }
  CHECK_FALSE(admit("/api/pipelines", fake_operations::admin_key).refusal);
  CHECK(admit("/api/pipelines", fake_operations::admin_key).rate.limit == 2'000);
  CHECK(admit("/health", "slow").rate.limit == 0);
  front.clock->advance(milliseconds{500});
  CHECK_FALSE(admit("/v1/whoami", "slow").refusal);
  CHECK(admit("/v1/whoami", "slow").refusal);
}

TEST_CASE("requests without the scope count too, and 0 limits none but a key's own", "[rate]") {
  test_front front;
  front.settings.rate_limit = 0;
  auto in = asking(verb::get, "/v1/whoami", fake_operations::admin_key);
  CHECK(front.app.admit(in).rate.limit == 0);
  auto who = limited_to(1);
  who.scopes = 0;
  front.ops.put_caller("slow", who);
  in = asking(verb::get, "/api/pipelines", "slow");
  for (int i = 0; i < 5; ++i) CHECK(front.app.admit(in).refusal->status == 403);
  CHECK(front.app.admit(in).refusal->status == 429);
}

TEST_CASE("wrong credentials are limited by address, good ones are not", "[rate][auth]") {
  test_front front;
  const auto status = [&](std::string_view address, std::string_view key) {
    auto in = asking(verb::get, "/v1/whoami", key);
    in.remote_address = address;
    const auto out = front.app.admit(in);
    return out.refusal ? out.refusal->status : 200;
  };
  for (int i = 0; i < 500; ++i) CHECK(status("192.0.2.7", "wrong") == 401);
  CHECK(status("192.0.2.7", "wrong") == 429);
  CHECK(status("192.0.2.7", "") == 401);
  CHECK(status("192.0.2.8", "wrong") == 401);
  CHECK(status("192.0.2.7", fake_operations::admin_key) == 200);
  for (int i = 0; i < 500; ++i) (void)status("2001:db8:0:1::" + std::to_string(i + 1), "wrong");
  CHECK(status("2001:db8:0:1:ffff::", "wrong") == 429);
  CHECK(status("2001:db8:0:2::1", "wrong") == 401);
  CHECK(status("", "wrong") == 401);
  const auto metrics = front.ask(verb::get, "/metrics").raw.body;
  CHECK(metrics.find("penstock_authentication_failures_total{reason=\"missing\"} 1\n") != std::string::npos);
  CHECK(metrics.find("penstock_authentication_failures_total{reason=\"revoked_key\"} 0\n") != std::string::npos);
  CHECK(metrics.find("penstock_rate_limited_total{by=\"address\"} 2\n") != std::string::npos);
}

TEST_CASE("a body that is not signed as it must be is a failed authentication", "[auth]") {
  test_front front;
  auto in = asking(verb::post, "/api/v1/orchestrator/trigger", "");
  const auto admitted = front.app.admit(in);
  for (const int status : {401, 202, 401}) {
    response r;
    r.status = status;
    front.app.answered(in, admitted.target, r);
  }
  const auto metrics = front.ask(verb::get, "/metrics").raw.body;
  CHECK(metrics.find("penstock_authentication_failures_total{reason=\"bad_signature\"} 2\n") != std::string::npos);
}

TEST_CASE("where an error is explained is told as a URL of the server that was asked", "[errors]") {
  test_front front;
  const auto answered = [&](std::vector<header_view> headers) {
    auto in = asking(verb::get, "/v1/jobs", "wrong");
    in.headers = std::move(headers);
    const auto admitted = front.app.admit(in);
    auto r = *admitted.refusal;
    front.app.answered(in, admitted.target, r);
    return r.body;
  };
  const auto holds = [](const std::string& body, const std::string& url) {
    return body.find("\"docs_url\":\"" + url + "\"}}") != std::string::npos;
  };
  CHECK(holds(answered({{"host", "penstock.example:8080"}}), "http://penstock.example:8080/docs#authentication"));
  CHECK(
    holds(answered({{"host", "[::1]:80"}, {"x-forwarded-proto", "https"}}), "https://[::1]:80/docs#authentication"));
  for (const auto* host : {"", "a\"b", "a/b"}) CHECK(holds(answered({{"host", host}}), "/docs#authentication"));
}

TEST_CASE("who asks for a change is known by operation, address and request", "[audit]") {
  test_front front;
  auto change = asking(verb::post, "/api/pipelines", fake_operations::admin_key);
  CHECK_FALSE(front.app.admit(change).refusal);
  CHECK(change.who.origin.operation == "pipelines.create");
  CHECK(change.who.origin.address == "192.0.2.7");
  CHECK(change.who.origin.request_id == "request-1");
  auto question = asking(verb::get, "/api/pipelines", fake_operations::admin_key);
  CHECK_FALSE(front.app.admit(question).refusal);
  CHECK(question.who.origin.operation.empty());
}

TEST_CASE("a refused change is noted for the audit log, with what it was about and why", "[audit]") {
  test_front front;
  const auto answer = [&](verb method, std::string_view path, int status, std::string_view code) {
    auto in = asking(method, path, fake_operations::admin_key);
    const auto admitted = front.app.admit(in);
    response r;
    r.status = status;
    r.error_code = code;
    front.app.answered(in, admitted.target, r);
  };
  answer(verb::del, "/v1/webhooks/abc", 404, "not_found");
  answer(verb::post, "/api/pipelines", 400, "invalid_argument");
  REQUIRE(front.ops.audit_notes.size() == 2);
  CHECK(front.ops.audit_notes[0].object == "abc");
  CHECK(front.ops.audit_notes[0].outcome == "not_found");
  CHECK(front.ops.audit_notes[0].who.origin.operation == "cloud.deleteWebhook");
  CHECK(front.ops.audit_notes[1].object.empty());
  // Neither what was done, nor what was only asked, nor what says nothing about the caller's rights.
  answer(verb::post, "/api/pipelines", 201, "");
  answer(verb::get, "/v1/webhooks/abc", 404, "not_found");
  for (const int status : {401, 429, 500, 503}) answer(verb::post, "/api/pipelines", status, "x");
  answer(verb::post, "/nowhere", 404, "not_found");
  CHECK(front.ops.audit_notes.size() == 2);
}

TEST_CASE("the first request of a token's workspace goes on when the workspace is made", "[workspaces]") {
  test_front front;
  caller who{workspace_id{*parse_uuid("9c1f0e2a-1111-7222-8333-444455556666")}, "u-1",
             static_cast<scope_set>(scope::admin)};
  front.ops.put_caller("token", who);
  front.key = "token";
  const auto body = R"({"name":"a","config":{"tasks":[]}})";
  front.ops.hold();
  const auto waits = front.ask_later(verb::post, "/api/pipelines", body, {{"Idempotency-Key", "k"}});
  CHECK_FALSE(waits->got);
  // Both answers are held: the workspace's, and then the handler's.
  front.ops.release();
  REQUIRE(waits->got);
  CHECK(waits->got->status == 201);
  CHECK(front.ops.last_draft.name == "a");
  CHECK(front.ops.last_key.key == "k");
  CHECK(front.ops.workspaces_made == 1);
  CHECK(front.ask(verb::get, "/api/pipelines").status() == 200);
  CHECK(front.ops.workspaces_made == 1);
  front.key = fake_operations::other_key;
  CHECK(front.ask(verb::get, "/api/pipelines").status() == 200);
  CHECK(front.ops.workspaces_made == 1);
}

TEST_CASE("a workspace that cannot be made is the request's answer", "[workspaces]") {
  test_front front;
  front.ops.put_caller("token", {workspace_id{make_uuid7(from_ms(1), 0, 1)}, "u-1", 0});
  front.key = "token";
  front.ops.next_error = error{errc::unavailable, "busy", {}};
  CHECK(front.ask(verb::get, "/v1/whoami").status() == 503);
  CHECK(front.ask(verb::get, "/v1/whoami").status() == 200);
}

TEST_CASE("a kept request holds its own texts", "[request]") {
  std::shared_ptr<const kept_request> kept;
  {
    const std::string path = "/a/b", name = "X-Name", v = "a value", body(1'000, 'x');
    request in;
    in.path = path;
    in.body = body;
    in.headers = {{name, v}, {name, body}};
    REQUIRE(in.parameters.add("id", std::string(100, 'p')));
    kept = kept_request::of(in);
  }
  const auto& got = kept->get();
  CHECK(got.path == "/a/b");
  CHECK(got.query.empty());
  CHECK(got.body == std::string(1'000, 'x'));
  CHECK(*got.header("x-name") == "a value");
  CHECK(got.headers[1].value == std::string(1'000, 'x'));
  CHECK(got.parameters["id"] == std::string(100, 'p'));
}
