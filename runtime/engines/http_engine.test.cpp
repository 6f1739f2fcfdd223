#include "runtime/engines/http_engine.hpp"

#include "runtime/engines/testing.hpp"
#include "runtime/engines/testing_http.hpp"
#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace penstock;

namespace {

engine_settings private_allowed() {
  engine_settings settings;
  settings.allow_private_addresses = true;
  return settings;
}

attempt_request call(engine_fixture& f, const std::string& url, const std::string& more = "{}") {
  auto request = f.request(task_type::http, more);
  request.fields.config.set("url", url);
  return request;
}

} // namespace

TEST_CASE("a call sends what the task says and succeeds with 2xx", "[engines][http]") {
  std::string head, body;
  const local_server server([&](const std::string& h, const std::string& b) {
    head = h;
    body = b;
    return reply(201, "fine");
  });
  engine_fixture f(private_allowed());
  auto request = call(f, server.url("/a?b=c"),
                      R"({"method": "PUT", "headers": {"X-One": "1", "Empty": ""}, "body": {"a": [1, "x"]}})");
  request.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto result = f.run(std::move(request));
  INFO(result.why.message);
  CHECK(result.outcome == attempt_outcome::succeeded);
  CHECK(result.artifacts.empty());
  CHECK(head.find("PUT /a?b=c HTTP/1.1\r\n") == 0);
  CHECK(head.find("\r\nX-One: 1\r\n") != std::string::npos);
  CHECK(head.find("\r\nEmpty:\r\n") != std::string::npos);
  CHECK(head.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
  CHECK(head.find("\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") != std::string::npos);
  CHECK(body == R"({"a":[1,"x"]})");
  CHECK(result.bytes == 4);
  CHECK(f.log->text().empty());
}

TEST_CASE("GET, POST and HEAD are chosen and done rightly", "[engines][http]") {
  std::string head, body;
  const local_server server([&](const std::string& h, const std::string& b) {
    head = h;
    body = b;
    const std::string all = reply(200, "text");
    return h.starts_with("HEAD") ? all.substr(0, all.size() - 4) : all;
  });
  engine_fixture f(private_allowed());
  CHECK(f.run(call(f, server.url())).outcome == attempt_outcome::succeeded);
  CHECK(head.starts_with("GET / "));
  CHECK(f.run(call(f, server.url(), R"({"body": "plain", "headers": {"content-type": "text/plain"}})")).outcome ==
        attempt_outcome::succeeded);
  CHECK(head.starts_with("POST / "));
  CHECK(body == "plain");
  CHECK(head.find("application/json") == std::string::npos);
  CHECK(f.run(call(f, server.url(), R"({"method": "head"})")).outcome == attempt_outcome::succeeded);
  CHECK(head.starts_with("HEAD / "));
  CHECK(f.run(call(f, server.url(), R"({"method": "DELETE"})")).outcome == attempt_outcome::succeeded);
  CHECK(head.starts_with("DELETE / "));
}

TEST_CASE("other statuses fail, some for good", "[engines][http]") {
  const local_server server([](const std::string& head, const std::string&) {
    return reply(std::stoi(head.substr(head.find('/') + 1, 3)), "because\nof this");
  });
  engine_fixture f(private_allowed());
  for (const auto& [status, retryable] : {std::pair{"404", false},
                                          {"400", false},
                                          {"301", false},
                                          {"408", true},
                                          {"425", true},
                                          {"429", true},
                                          {"500", true},
                                          {"503", true}}) {
    CAPTURE(status);
    const auto result = f.run(call(f, server.url(std::string("/") + status)));
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK(result.retryable == retryable);
    CHECK(result.why.message ==
          "GET " + server.url(std::string("/") + status) + " answered with status " + status + ": because of this");
  }
  CHECK(f.run(call(f, server.url("/404"), R"({"expect": [200, 404]})")).outcome == attempt_outcome::succeeded);
  CHECK(f.run(call(f, server.url("/404"), R"({"expect": "4xx"})")).outcome == attempt_outcome::succeeded);
  CHECK(f.run(call(f, server.url("/301"), R"({"expect": "300-302"})")).outcome == attempt_outcome::succeeded);
  CHECK(f.run(call(f, server.url("/200"), R"({"expect": 404})")).outcome == attempt_outcome::failed);
}

TEST_CASE("a mistake in the config is named and final", "[engines][http]") {
  engine_fixture f(private_allowed());
  for (const std::string config :
       {R"({})", R"({"url": "file:///etc/passwd"})", R"({"url": "ftp://x/"})", R"({"url": "http://a\r\nb/"})",
        R"({"url": "http://x/", "headers": {"a b": "c"}})", R"({"url": "http://x/", "headers": {"a": "c\r\nd: e"}})",
        R"({"url": "http://x/", "method": "G T"})", R"({"url": "http://x/", "expect": "often"})",
        R"({"url": "http://x/", "expect": []})", R"({"url": "http://:port/"})"}) {
    CAPTURE(config);
    const auto result = f.run(task_type::http, config);
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK(result.why.code == errc::invalid_argument);
    CHECK_FALSE(result.retryable);
  }
}

TEST_CASE("private addresses are refused by what is really connected to", "[engines][http][secret]") {
  std::atomic<int> calls{0};
  const local_server server([&](const std::string&, const std::string&) {
    ++calls;
    return reply(200, "");
  });
  engine_fixture f;
  const std::string port = server.url().substr(16);
  for (const std::string host :
       {"127.0.0.1", "localhost", "0.0.0.0", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]"}) {
    CAPTURE(host);
    const auto result = f.run(call(f, "http://" + host + port));
    CHECK(result.outcome == attempt_outcome::failed);
    CAPTURE(result.why.message);
    CHECK(result.why.message.find("was refused: ") != std::string::npos);
    CHECK(result.why.message.find("--allow-private-addresses") != std::string::npos);
    CHECK_FALSE(result.retryable);
  }
  CHECK(calls == 0);
}

TEST_CASE("a proxy of the environment is not used", "[engines][http]") {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const local_server server([](const std::string&, const std::string&) { return reply(200, ""); });
  engine_fixture f(private_allowed());
  CHECK(f.run(call(f, server.url())).outcome == attempt_outcome::succeeded);
  ::unsetenv("http_proxy");
}

TEST_CASE("nobody listening is worth another try", "[engines][http]") {
  std::string url;
  {
    const local_server gone([](const std::string&, const std::string&) { return reply(200, ""); });
    url = gone.url();
  }
  engine_fixture f(private_allowed());
  const auto result = f.run(call(f, url));
  CHECK(result.why.message.find("GET " + url + " failed: Failed to connect") == 0);
  CHECK(result.retryable);
}

TEST_CASE("an answer that is too large or too late ends the call", "[engines][http][limit]") {
  const local_server server([](const std::string& head, const std::string&) {
    if (head.find("/slow") != std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return reply(200, std::string(5'000, 'x'));
  });
  auto settings = private_allowed();
  settings.http_response_bytes_max = 4'000;
  engine_fixture f(settings);
  auto result = f.run(call(f, server.url("/large")));
  CHECK(result.why.code == errc::too_large);
  CHECK_FALSE(result.retryable);
  auto slow = call(f, server.url("/slow"));
  slow.timeout_ms = 100;
  result = f.run(std::move(slow));
  CHECK(result.why.code == errc::timed_out);
  CHECK(result.why.message == "The request was stopped because it took longer than its limit of 100 ms.");
  CHECK(result.retryable);
}

TEST_CASE("a JSON answer is a table where somebody wants it", "[engines][http][table]") {
  std::string answer, type;
  const local_server server([&](const std::string&, const std::string&) { return reply(200, answer, type); });
  engine_fixture f(private_allowed());
  const auto rows = [&](const std::string& body, const std::string& content_type, const std::string& config,
                        bool wanted = false) -> std::string {
    answer = body;
    type = content_type;
    auto request = call(f, server.url(), config);
    request.table_wanted = wanted;
    const auto result = f.run(request);
    INFO(result.why.message);
    REQUIRE(result.outcome == attempt_outcome::succeeded);
    return result.artifacts.empty() ? "none" : write_json(f.rows_of("from task", {f.table(request)}));
  };
  const std::string json = "application/json; charset=utf-8";
  CHECK(rows(R"([{"a": 1}, {"a": 2, "b": "x"}])", json, "{}", true) == R"([{"a":1,"b":null},{"a":2,"b":"x"}])");
  CHECK(rows(R"({"a": 1, "b": {"c": [1]}})", json, "{}", true) == R"([{"a":1,"b":{"c":[1]}}])");
  CHECK(rows("[]", json, "{}", true) == "[]");
  CHECK(rows(R"([{"a": 1}])", json, "{}") == "none");
  CHECK(rows(R"([{"a": 1}])", "text/plain", "{}", true) == "none");
  CHECK(rows("42", json, "{}", true) == "none");
  CHECK(rows("a,b\n1,2\n", "text/csv", R"({"output": {"format": "csv"}})") == R"([{"a":1,"b":2}])");
  answer = "a,b\n1,2,3\n";
  CHECK(f.run(call(f, server.url(), R"({"output": {"format": "csv"}})")).why.message ==
        "Line 2 of the answer has 3 fields where the heading has 2.");
  CHECK(rows("{\"a\":1}\n{\"a\":2}\n", "x/y", R"({"output": {"format": "jsonl"}})") == R"([{"a":1},{"a":2}])");
  answer = R"([{"a": 1)";
  type = json;
  auto broken = call(f, server.url());
  broken.table_wanted = true;
  CHECK(f.run(std::move(broken)).outcome == attempt_outcome::failed);
}

TEST_CASE("checks look at the answer", "[engines][http][check]") {
  const local_server server(
    [](const std::string&, const std::string&) { return reply(200, R"({"ready": false})", "application/json"); });
  engine_fixture f(private_allowed());
  auto request = call(f, server.url());
  request.fields.checks = {{"ready", "select ready from task"}};
  CHECK(f.run(std::move(request)).why.message == "The check 'ready' failed: its query returned false.");
}

TEST_CASE("a call is cancelled while it runs and while it waits", "[engines][http][kill]") {
  const local_server server([](const std::string&, const std::string&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return reply(200, "");
  });
  auto settings = private_allowed();
  settings.http_max = 1;
  engine_fixture f(settings);
  awaited_result first, second;
  auto one = call(f, server.url()), two = call(f, server.url());
  const auto one_ref = one.ref, two_ref = two.ref;
  f.engines->start(std::move(one), first.callback());
  f.engines->start(std::move(two), second.callback());
  CHECK_FALSE(f.engines->can_start(task_type::http));
  CHECK(eventually([&] { return f.engines->waiting() == counts_by_priority{0, 1, 0}; }));
  f.engines->set_priority(two_ref.run, task_priority::high);
  CHECK(eventually([&] { return f.engines->waiting() == counts_by_priority{1, 0, 0}; }));
  f.engines->cancel(two_ref);
  CHECK(second.wait().outcome == attempt_outcome::cancelled);
  f.engines->cancel(one_ref);
  CHECK(first.wait().outcome == attempt_outcome::cancelled);
  CHECK(eventually([&] { return f.engines->can_start(task_type::http); }));
}

TEST_CASE("calls to one host share their connections", "[engines][http]") {
  const local_server server([](const std::string&, const std::string&) { return reply(200, "ok"); });
  auto settings = private_allowed();
  settings.http_max = 8;
  engine_fixture f(settings);
  std::vector<awaited_result> results(200);
  for (auto& result : results) f.engines->start(call(f, server.url()), result.callback());
  for (auto& result : results) CHECK(result.wait().outcome == attempt_outcome::succeeded);
  CHECK(server.connection_count() <= 8);
}

TEST_CASE("destroying the engines ends calls and tells", "[engines][http][kill]") {
  const local_server server([](const std::string&, const std::string&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return reply(200, "");
  });
  awaited_result awaited;
  {
    engine_fixture f(private_allowed());
    f.engines->start(call(f, server.url()), awaited.callback());
  }
  CHECK(awaited.wait().outcome == attempt_outcome::cancelled);
}

TEST_CASE("calls to a silent host hold up no other", "[engines][http][limit]") {
  std::atomic<bool> over{false};
  const local_server silent([&](const std::string&, const std::string&) {
    while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return reply(200, "");
  });
  const local_server server([](const std::string&, const std::string&) { return reply(200, ""); });
  auto settings = private_allowed();
  settings.http_max = 4;
  settings.http_per_host_max = 3;
  engine_fixture f(settings);
  std::vector<awaited_result> stuck(10), fine(10);
  std::vector<attempt_ref> stuck_refs;
  for (auto& result : stuck) {
    auto request = call(f, silent.url());
    stuck_refs.push_back(request.ref);
    f.engines->start(std::move(request), result.callback());
  }
  for (auto& result : fine) f.engines->start(call(f, server.url()), result.callback());
  for (auto& result : fine) CHECK(result.wait().outcome == attempt_outcome::succeeded);
  CHECK(eventually([&] { return f.engines->waiting() == counts_by_priority{0, 7, 0}; }));
  CHECK(silent.connection_count() <= 3);
  f.engines->cancel(stuck_refs.back());
  CHECK(stuck.back().wait().outcome == attempt_outcome::cancelled);
  CHECK(f.engines->waiting() == counts_by_priority{0, 6, 0});
  over = true;
  for (std::size_t i = 0; i + 1 < stuck.size(); ++i) CHECK(stuck[i].wait().outcome == attempt_outcome::succeeded);
}

TEST_CASE("messages show neither credentials nor the query of a URL", "[engines][http][secret]") {
  const local_server server([](const std::string& head, const std::string&) {
    return reply(head.find("/ok") != std::string::npos ? 404 : 400, "");
  });
  engine_fixture f(private_allowed());
  const std::string before = "http://user:canary@127.0.0.1:" + server.port();
  const auto result = f.run(call(f, before + "/bad?token=canary"));
  CHECK(result.why.message == "GET http://127.0.0.1:" + server.port() + "/bad answered with status 400");
  const auto expected = f.run(call(f, before + "/ok?token=canary", R"({"expect": 404})"));
  CHECK(expected.outcome == attempt_outcome::succeeded);
  CHECK(f.log->text().find("answered with status 404, 0 bytes") != std::string::npos);
  CHECK(f.log->text().find("canary") == std::string::npos);
}
