#include "api/http_server.hpp"

#include "api/server/test_server.hpp"

#include <filesystem>
#include <fstream>

using namespace penstock;
using namespace penstock::test;
using namespace std::chrono_literals;

namespace {

std::string header_of(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? std::string{} : answer.substr(at + 4);
}

std::string path_of_run(const std::string& pipeline) { return "/api/pipelines/" + pipeline + "/run"; }

/// A file of `size` bytes that goes with the test.
struct scratch_file {
  explicit scratch_file(std::size_t size)
      : path(std::filesystem::temp_directory_path() / ("penstock-api-test-" + std::to_string(::getpid()))) {
    std::ofstream out{path, std::ios::binary};
    std::string block(64u << 10, '\0');
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>('a' + i % 23);
    for (std::size_t left = size; left > 0; left -= std::min(left, block.size()))
      out.write(block.data(), static_cast<std::streamsize>(std::min(left, block.size())));
  }
  ~scratch_file() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

void offer(test_server& s, const std::string& run, const std::string& path) {
  operations::output_file file;
  file.path = path;
  file.what.name = "output.csv";
  file.what.format = "csv";
  s.ops.outputs[run_id{*parse_uuid(run)}] = file;
}

} // namespace

TEST_CASE("one connection serves many requests", "[http]") {
  const test_server s;
  raw_client client{s.port()};
  for (int i = 0; i < 5; ++i) {
    const auto answer = client.ask(test_server::request("GET", "/health"));
    CHECK(status_of(answer) == 200);
    CHECK(header_of(answer, "Content-Type") == "application/json");
    CHECK(header_of(answer, "X-Request-Id").size() == 32);
    CHECK(header_of(answer, "Date").ends_with(" GMT"));
  }
}

TEST_CASE("pipelined requests are answered in their order", "[http]") {
  const test_server s;
  raw_client client{s.port()};
  std::string all;
  for (int i = 0; i < 50; ++i)
    all +=
      test_server::request("GET", i % 2 ? "/health" : "/nowhere", "", "X-Request-Id: r" + std::to_string(i) + "\r\n");
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.read_response();
    CHECK(status_of(answer) == (i % 2 ? 200 : 404));
    CHECK(header_of(answer, "X-Request-Id") == "r" + std::to_string(i));
  }
}

TEST_CASE("a request may arrive byte by byte", "[http]") {
  const test_server s;
  raw_client client{s.port()};
  for (const char c : test_server::request("POST", "/api/pipelines", R"({"name":"a","config":{}})"))
    client.send({&c, 1});
  CHECK(status_of(client.read_response()) == 201);
}

TEST_CASE("HEAD has the head of GET and no body", "[http]") {
  const test_server s;
  raw_client client{s.port()};
  const auto head = client.ask(test_server::request("HEAD", "/health"), true);
  CHECK(status_of(head) == 200);
  CHECK(header_of(head, "Content-Length") == std::to_string(body_of(s.ask("GET", "/health")).size()));
  CHECK(body_of(head).empty());
  // What follows would begin with the body, if there were one.
  CHECK(status_of(client.ask(test_server::request("GET", "/health"))) == 200);
}

TEST_CASE("a client that asks first is told to go on, or not", "[http]") {
  const test_server s;
  const std::string body = R"({"name":"a","config":{}})";
  const auto head = [&](std::string_view key, std::size_t length) {
    return "POST /api/pipelines HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nx-api-key: " + std::string{key} +
           "\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  };
  raw_client good{s.port()};
  CHECK(good.ask(head(fake_operations::admin_key, body.size())) == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(status_of(good.ask(body)) == 201);
  raw_client stranger{s.port()};
  CHECK(status_of(stranger.ask(head("unknown", body.size()))) == 401);
  raw_client large{s.port()};
  CHECK(status_of(large.ask(head(fake_operations::admin_key, 1u << 30))) == 413);
  raw_client odd{s.port()};
  CHECK(status_of(odd.ask(test_server::request("GET", "/health", "", "Expect: miracles\r\n"))) == 417);
}

TEST_CASE("HTTP/1.0 is answered in kind and closed", "[http]") {
  const test_server s;
  raw_client client{s.port()};
  client.send("GET /health HTTP/1.0\r\n\r\n");
  const auto all = client.read_all();
  CHECK(all.starts_with("HTTP/1.0 200 OK"));
  CHECK(client.closed());
  raw_client keeping{s.port()};
  CHECK(header_of(keeping.ask("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection") == "keep-alive");
  CHECK(status_of(keeping.ask("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")) == 200);
}

TEST_CASE("a small body that is not wanted does not cost the connection", "[http]") {
  const test_server s;
  raw_client client{s.port()};
  CHECK(status_of(client.ask("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")) == 404);
  CHECK(status_of(client.ask(test_server::request("GET", "/health", "{}"))) == 200);
  raw_client large{s.port()};
  large.send("POST /api/pipelines HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" +
             std::string(1'000'000, 'x'));
  CHECK(status_of(large.read_response()) == 401);
}

TEST_CASE("answers from other threads reach their connections", "[http]") {
  test_server s;
  const auto pipeline = s.make_pipeline();
  s.ops.hold();
  constexpr std::size_t count = 40;
  std::vector<std::unique_ptr<raw_client>> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<raw_client>(s.port()));
    clients.back()->send(
      test_server::request("POST", path_of_run(pipeline), "", "X-Request-Id: r" + std::to_string(i) + "\r\n"));
  }
  REQUIRE(eventually([&] { return s.ops.held() == count; }));
  CHECK(s.metric("penstock_http_requests_in_flight") == count);
  // Some clients do not wait for it.
  for (std::size_t i = 0; i < count; i += 4) clients[i]->close();
  s.ops.release();
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 4 == 0) continue;
    const auto answer = clients[i]->read_response();
    CHECK(status_of(answer) == 202);
    CHECK(header_of(answer, "X-Request-Id") == "r" + std::to_string(i));
  }
  CHECK(eventually([&] { return s.metric("penstock_http_requests_in_flight") == 0; }));
}

TEST_CASE("several threads share the connections", "[http]") {
  http_settings settings;
  settings.threads = 3;
  const test_server s{settings};
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(std::make_unique<raw_client>(s.port()));
    CHECK(status_of(clients.back()->ask(test_server::request("GET", "/v1/whoami"))) == 200);
  }
}

TEST_CASE("requests beyond the limit are shed with a word when to come again", "[http][limits]") {
  http_settings settings;
  settings.requests_in_flight_max = 2;
  test_server s{settings};
  const auto pipeline = s.make_pipeline();
  s.ops.hold();
  raw_client first{s.port()};
  raw_client second{s.port()};
  first.send(test_server::request("POST", path_of_run(pipeline)));
  second.send(test_server::request("POST", path_of_run(pipeline)));
  REQUIRE(eventually([&] { return s.ops.held() == 2; }));
  const auto shed = s.ask("POST", path_of_run(pipeline));
  CHECK(status_of(shed) == 503);
  CHECK(header_of(shed, "Retry-After") == "1");
  CHECK(status_of(s.ask("GET", "/health")) == 200);
  s.ops.release();
  CHECK(status_of(first.read_response()) == 202);
  CHECK(status_of(second.read_response()) == 202);
  CHECK(status_of(s.ask("POST", path_of_run(pipeline))) == 202);
}

TEST_CASE("connections beyond the limit are turned away", "[http][limits]") {
  http_settings settings;
  settings.connections_max = 3;
  const test_server s{settings};
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<raw_client>(s.port()));
    CHECK(status_of(clients.back()->ask(test_server::request("GET", "/health"))) == 200);
  }
  raw_client beyond{s.port()};
  const auto refused = beyond.read_all();
  CHECK(status_of(refused) == 503);
  CHECK(header_of(refused, "Retry-After") == "1");
  CHECK(header_of(refused, "Content-Length") == std::to_string(body_of(refused).size()));
  clients.clear();
  CHECK(eventually([&] { return status_of(s.ask("GET", "/health")) == 200; }));
}

TEST_CASE("bodies of all connections share one limit, which small ones pass", "[http][limits]") {
  http_settings settings;
  settings.bodies_bytes_max = 1u << 20;
  const test_server s{settings};
  const auto large = test_server::request("POST", "/api/pipelines", std::string(900u << 10, ' '));
  raw_client first{s.port()};
  first.send(std::string_view{large}.substr(0, large.size() - 10));
  CHECK(eventually([&] { return s.ask("GET", "/metrics").find("penstock_http_body_bytes 0") == std::string::npos; }));
  raw_client second{s.port()};
  const auto refused = second.ask(large);
  CHECK(status_of(refused) == 503);
  CHECK(header_of(refused, "Connection") == "close");
  CHECK(status_of(s.ask("POST", "/api/pipelines", R"({"name":"a","config":{}})")) == 201);
  first.close();
  CHECK(eventually([&] { return status_of(s.ask("POST", "/api/pipelines", std::string(900u << 10, ' '))) == 400; }));
}

TEST_CASE("clients that do not speak, or stop in the middle, are closed", "[http][limits]") {
  http_settings settings;
  settings.read_timeout = std::chrono::seconds{1};
  settings.idle_timeout = std::chrono::seconds{1};
  const test_server s{settings};
  raw_client silent{s.port()};
  raw_client half_head{s.port()};
  raw_client half_body{s.port()};
  raw_client idle{s.port()};
  half_head.send("GET /health HT");
  half_body.send("POST /api/pipelines HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nx-api-key: " +
                 std::string{fake_operations::admin_key} + "\r\n\r\n12");
  CHECK(status_of(idle.ask(test_server::request("GET", "/health"))) == 200);
  CHECK(silent.read_all().empty());
  CHECK(silent.closed());
  CHECK(status_of(half_head.read_all()) == 408);
  CHECK(half_head.closed());
  CHECK(status_of(half_body.read_all()) == 408);
  CHECK(idle.read_all().empty());
  CHECK(idle.closed());
}

TEST_CASE("a file is streamed with its name, type and length", "[http][files]") {
  test_server s;
  const scratch_file file{3'000'000};
  const auto run = s.make_run();
  offer(s, run, file.path);
  raw_client client{s.port()};
  const auto target = "/api/pipelines/runs/" + run + "/download";
  const auto answer = client.ask(test_server::request("GET", target));
  CHECK(status_of(answer) == 200);
  CHECK(header_of(answer, "Content-Type") == "text/csv; charset=utf-8");
  CHECK(header_of(answer, "Content-Length") == "3000000");
  CHECK(header_of(answer, "Content-Disposition") == "attachment; filename=\"output.csv\"");
  std::ifstream in{file.path, std::ios::binary};
  const std::string content{std::istreambuf_iterator<char>{in}, {}};
  CHECK(body_of(answer) == content);
  const auto head = client.ask(test_server::request("HEAD", target), true);
  CHECK(header_of(head, "Content-Length") == "3000000");
  CHECK(status_of(client.ask(test_server::request("GET", "/health"))) == 200);
  offer(s, run, "/nonexistent/file");
  CHECK(status_of(client.ask(test_server::request("GET", target))) == 410);
  offer(s, run, std::filesystem::temp_directory_path());
  CHECK(status_of(client.ask(test_server::request("GET", target))) == 410);
}

TEST_CASE("a slow reader is closed, others go on", "[http][limits]") {
  http_settings settings;
  settings.write_timeout = std::chrono::seconds{1};
  test_server s{settings};
  const scratch_file file{50'000'000};
  const auto run = s.make_run();
  offer(s, run, file.path);
  raw_client slow{s.port(), 4'096};
  slow.send(test_server::request("GET", "/api/pipelines/runs/" + run + "/download"));
  CHECK(slow.read_some().size() > 100);
  CHECK(status_of(s.ask("GET", "/health")) == 200);
  CHECK(eventually([&] { return s.metric("penstock_http_connections") == 1; }));
}

TEST_CASE("a client that goes away in the middle of a file harms nobody", "[http][files]") {
  test_server s;
  const scratch_file file{20'000'000};
  const auto run = s.make_run();
  offer(s, run, file.path);
  for (int i = 0; i < 5; ++i) {
    raw_client client{s.port(), 4'096};
    client.send(test_server::request("GET", "/api/pipelines/runs/" + run + "/download"));
    CHECK_FALSE(client.read_some().empty());
  }
  CHECK(eventually([&] { return s.metric("penstock_http_connections") == 1; }));
}

TEST_CASE("a client that stopped waiting does not keep its connection", "[http][limits]") {
  test_server s;
  const auto pipeline = s.make_pipeline();
  s.ops.hold();
  {
    raw_client impatient{s.port()};
    impatient.send(test_server::request("POST", path_of_run(pipeline)));
    REQUIRE(eventually([&] { return s.ops.held() == 1; }));
  }
  CHECK(eventually([&] { return s.metric("penstock_http_connections") == 1; }));
  CHECK(s.metric("penstock_http_requests_in_flight") == 0);
  s.ops.release();
}

TEST_CASE("stopping finishes what is under way and takes nothing new", "[http][stop]") {
  test_server s;
  const auto pipeline = s.make_pipeline();
  raw_client idle{s.port()};
  CHECK(status_of(idle.ask(test_server::request("GET", "/health"))) == 200);
  s.ops.hold();
  raw_client waiting{s.port()};
  waiting.send(test_server::request("POST", path_of_run(pipeline)));
  REQUIRE(eventually([&] { return s.ops.held() == 1; }));
  s.server->set_draining();
  CHECK(status_of(s.ask("GET", "/ready")) == 503);
  std::thread stopping{[&] { s.server->stop(5s); }};
  CHECK(idle.read_all().empty());
  CHECK(idle.closed());
  s.ops.release();
  const auto answer = waiting.read_response();
  CHECK(status_of(answer) == 202);
  CHECK(header_of(answer, "Connection") == "close");
  waiting.close();
  stopping.join();
  CHECK_FALSE(raw_client{s.port()}.connected());
}

TEST_CASE("a request that never ends is cut off after the grace time, and its late answer hurts nobody",
          "[http][stop]") {
  test_server s;
  const auto pipeline = s.make_pipeline();
  s.ops.hold();
  raw_client waiting{s.port()};
  waiting.send(test_server::request("POST", path_of_run(pipeline)));
  REQUIRE(eventually([&] { return s.ops.held() == 1; }));
  s.server->stop(50ms);
  CHECK(waiting.read_all().empty());
  s.server.reset();
  s.ops.release();
}

TEST_CASE("a port that is taken is named", "[http]") {
  test_server s;
  http_settings settings;
  settings.port = s.port();
  const auto second = http_server::start(settings, s.ops, system_clock_source(), system_random_source());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == errc::io_failed);
  CHECK(second.error().message.find("127.0.0.1:" + std::to_string(s.port())) != std::string::npos);
  settings.address = "nowhere";
  CHECK_FALSE(http_server::start(settings, s.ops, system_clock_source(), system_random_source()).has_value());
}

TEST_CASE("answers to good credentials tell the rate, others do not", "[http][rate]") {
  http_settings settings;
  settings.rate_limit = 1;
  test_server s{settings};
  const auto first = s.ask("GET", "/v1/whoami");
  CHECK(header_of(first, "X-RateLimit-Limit") == "1");
  CHECK(header_of(first, "X-RateLimit-Remaining") == "4");
  CHECK(header_of(first, "X-RateLimit-Reset").size() == 10);
  for (int i = 0; i < 4; ++i) (void)s.ask("GET", "/v1/whoami");
  const auto beyond = s.ask("GET", "/v1/whoami");
  CHECK(status_of(beyond) == 429);
  CHECK(header_of(beyond, "X-RateLimit-Remaining") == "0");
  CHECK(header_of(beyond, "Retry-After") == "1");
  raw_client stranger{s.port()};
  CHECK(stranger.ask("GET /v1/whoami HTTP/1.1\r\nHost: a\r\n\r\n").find("RateLimit") == std::string::npos);
  CHECK(s.ask("GET", "/health").find("RateLimit") == std::string::npos);
}

TEST_CASE("a long wait is refused soon after its key expired", "[http][auth]") {
  test_server s;
  const auto pipeline = s.make_pipeline();
  s.ops.hold();
  raw_client waiting{s.port()};
  waiting.send(test_server::request("POST", path_of_run(pipeline)));
  REQUIRE(eventually([&] { return s.ops.held() == 1; }));
  s.ops.end_key(fake_operations::admin_key, false);
  CHECK(status_of(waiting.read_response()) == 401);
  s.ops.release();
}

TEST_CASE("a server does not start with keys of tokens that it cannot read", "[http][auth]") {
  http_settings settings;
  settings.port = 0;
  settings.jwt_keys = "/nowhere/keys.json";
  fake_operations ops;
  const auto started = http_server::start(settings, ops, system_clock_source(), system_random_source());
  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().message.find("/nowhere/keys.json") != std::string::npos);
}

TEST_CASE("a request under way is refused when its key is revoked", "[http][auth]") {
  test_server s;
  const auto pipeline = s.make_pipeline();
  raw_client sending{s.port()};
  sending.send("POST /api/pipelines HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nx-api-key: " +
               std::string{fake_operations::admin_key} + "\r\n\r\n{");
  s.ops.hold();
  raw_client waiting{s.port()};
  waiting.send(test_server::request("POST", path_of_run(pipeline)));
  REQUIRE(eventually([&] { return s.ops.held() == 1; }));
  s.ops.end_key(fake_operations::admin_key);
  CHECK(status_of(waiting.read_response()) == 401);
  sending.send("}");
  CHECK(status_of(sending.read_response()) == 401);
  s.ops.release();
  // Its connection goes on.
  CHECK(status_of(waiting.ask("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")) == 200);
}

TEST_CASE("of a long download nothing more is sent when its key is revoked", "[http][files][auth]") {
  test_server s;
  const scratch_file file{50'000'000};
  const auto run = s.make_run();
  offer(s, run, file.path);
  raw_client client{s.port(), 4'096};
  client.send(test_server::request("GET", "/api/pipelines/runs/" + run + "/download"));
  CHECK(client.read_some().size() > 100);
  s.ops.end_key(fake_operations::admin_key);
  CHECK(eventually([&] { return s.metric("penstock_http_connections") == 1; }));
  CHECK(client.read_all().size() < 49'000'000);
}
