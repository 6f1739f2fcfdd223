#include "runtime/engines/outbound_http.hpp"

#include "runtime/engines/testing.hpp"
#include "runtime/engines/testing_http.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

using namespace penstock;

namespace {

using namespace std::chrono_literals;

outbound_settings private_allowed() {
  outbound_settings settings;
  settings.allow_private_addresses = true;
  return settings;
}

outbound_request get(std::string url) {
  outbound_request request;
  request.method = "GET";
  request.url = std::move(url);
  return request;
}

/// The outcome that another thread delivers.
class awaited {
public:
  [[nodiscard]] outbound_http::done_callback callback() {
    return [promise = promise_](result<outbound_response> r) { promise->set_value(std::move(r)); };
  }
  [[nodiscard]] bool is_there() const { return future_.wait_for(0s) == std::future_status::ready; }
  /// Fails the test after 20 s.
  [[nodiscard]] const result<outbound_response>& wait() {
    REQUIRE(future_.wait_for(20s) == std::future_status::ready);
    return future_.get();
  }

private:
  std::shared_ptr<std::promise<result<outbound_response>>> promise_ =
    std::make_shared<std::promise<result<outbound_response>>>();
  std::shared_future<result<outbound_response>> future_ = promise_->get_future().share();
};

result<outbound_response> call(outbound_http& client, outbound_request request) {
  awaited outcome;
  client.send(std::move(request), outcome.callback());
  return outcome.wait();
}

std::string header_of(const outbound_response& response, const std::string& wanted) {
  for (const auto& [name, text] : response.headers)
    if (name == wanted) return text;
  return "none";
}

/// Takes requests and says nothing until it is stopped.
bool say_nothing(const local_server*& self) {
  while (!self || !self->stopping()) std::this_thread::sleep_for(5ms);
  return false;
}

} // namespace

TEST_CASE("a request arrives as given and its answer comes back whole", "[engines][outbound]") {
  std::string head, body;
  const local_server server([&](const std::string& h, const std::string& b) {
    head = h;
    body = b;
    return "HTTP/1.1 207 X\r\nX-Empty:\r\nX-Two:  a  b \r\nX-Two: c\r\nContent-Length: 4\r\n\r\n" +
           std::string("\0ok\n", 4);
  });
  const auto client = make_outbound_http(private_allowed());
  outbound_request request;
  request.method = "PATCH";
  request.url = server.url("/a/b?c=d#e");
  request.headers = {{"Content-Type", "text/x"}, {"X-Empty", ""}, {"X-Twice", "1"}, {"X-Twice", "2"}};
  request.body = std::string("a\0b", 3);
  const auto response = call(*client, std::move(request));
  REQUIRE(response);
  CHECK(head.starts_with("PATCH /a/b?c=d HTTP/1.1\r\n"));
  for (const std::string line : {"Content-Type: text/x\r\n", "X-Empty:\r\n", "X-Twice: 1\r\n", "X-Twice: 2\r\n",
                                 "User-Agent: penstock\r\n", "Content-Length: 3"})
    CHECK(head.find(line) != std::string::npos);
  CHECK(head.find("Expect") == std::string::npos);
  CHECK(body == std::string("a\0b", 3));
  CHECK(response->status == 207);
  CHECK(response->body == std::string("\0ok\n", 4));
  CHECK(header_of(*response, "x-empty").empty());
  CHECK(header_of(*response, "x-two") == "a  b");
  CHECK(response->headers.size() == 4);
  CHECK_FALSE(response->body_cut);
}

TEST_CASE("methods carry the bodies they are given, and say that there is none", "[engines][outbound]") {
  std::string head;
  const local_server server([&](const std::string& h, const std::string& b) {
    head = h;
    return h.starts_with("HEAD") ? "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n" : reply(200, b);
  });
  const auto client = make_outbound_http(private_allowed());
  const auto sent = [&](const std::string& method, const std::string& body) {
    auto request = get(server.url());
    request.method = method;
    request.body = body;
    const auto response = call(*client, std::move(request));
    REQUIRE(response);
    CHECK(response->body == (method == "HEAD" ? "" : body));
    CHECK(head.starts_with(method + " / HTTP/1.1\r\n"));
    return head;
  };
  // One handle does all of them in turn, so nothing of one may be left in the next.
  for (int round = 0; round < 2; ++round) {
    CHECK(sent("POST", "x").find("Content-Length: 1") != std::string::npos);
    CHECK(sent("GET", "").find("Content-Length") == std::string::npos);
    CHECK(sent("HEAD", "").find("Content-Length") == std::string::npos);
    CHECK(sent("POST", "").find("Content-Length: 0") != std::string::npos);
    CHECK(sent("PUT", "abc").find("Content-Length: 3") != std::string::npos);
    CHECK(sent("DELETE", "").find("Content-Length") == std::string::npos);
    CHECK(sent("DELETE", "x").find("Content-Length: 1") != std::string::npos);
    CHECK(sent("GET", "query").find("Content-Length: 5") != std::string::npos);
    CHECK(sent("POST", "x").find("Content-Type") == std::string::npos);
  }
  CHECK(server.connection_count() == 1);
}

TEST_CASE("connections are kept and bounded", "[engines][outbound]") {
  const local_server server([](const std::string&, const std::string&) { return reply(200, "ok"); });
  auto settings = private_allowed();
  settings.connections_per_host_max = 5;
  const auto client = make_outbound_http(settings);
  std::vector<awaited> outcomes(500);
  for (auto& outcome : outcomes) client->send(get(server.url()), outcome.callback());
  for (auto& outcome : outcomes) CHECK(outcome.wait().has_value());
  CHECK(server.connection_count() <= 5);
  CHECK(client->figures().connections_opened <= 5);
  CHECK(client->figures().ended == 500);
}

TEST_CASE("connections without use are let go", "[engines][outbound]") {
  std::atomic<bool> gone{false};
  const local_server server(local_server::raw_handler([&](int socket, const std::string&) {
    (void)send_all(socket, reply(200, ""));
    char c = 0;
    gone = ::read(socket, &c, 1) == 0;
    return false;
  }));
  auto settings = private_allowed();
  settings.idle_max = 200ms;
  const auto client = make_outbound_http(settings);
  REQUIRE(call(*client, get(server.url())));
  CHECK(eventually([&] { return gone.load(); }));
}

TEST_CASE("reading stops at the limit, whatever is behind it", "[engines][outbound][limit]") {
  std::atomic<std::uint64_t> sent{0};
  const local_server endless(local_server::raw_handler([&](int socket, const std::string& head) {
    const bool chunked = head.find("/chunked") != std::string::npos;
    if (!send_all(socket, chunked ? "HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  : "HTTP/1.1 201 X\r\nContent-Length: 10000000000\r\n\r\n"))
      return false;
    const std::string block = chunked ? "10000\r\n" + std::string(65'536, 'x') + "\r\n" : std::string(65'536, 'x');
    while (send_all(socket, block)) sent += block.size();
    return false;
  }));
  const auto client = make_outbound_http(private_allowed());
  for (const std::string path : {"/plain", "/chunked"})
    for (const bool keep : {true, false}) {
      CAPTURE(path, keep);
      auto request = get(endless.url(path));
      request.response_bytes_max = 1'000;
      request.keep_body = keep;
      const auto response = call(*client, std::move(request));
      REQUIRE(response);
      CHECK(response->status == 201);
      CHECK(response->body_cut);
      CHECK(response->body == (keep ? std::string(1'000, 'x') : ""));
    }
  CHECK(sent < 64u << 20);
}

TEST_CASE("a body that is not kept does not cost the connection", "[engines][outbound]") {
  const local_server server([](const std::string&, const std::string&) { return reply(200, std::string(1'000, 'x')); });
  const auto client = make_outbound_http(private_allowed());
  for (int i = 0; i < 3; ++i) {
    auto request = get(server.url());
    request.keep_body = false;
    request.response_bytes_max = 1'000;
    const auto response = call(*client, std::move(request));
    REQUIRE(response);
    CHECK(response->body.empty());
    CHECK_FALSE(response->body_cut);
  }
  CHECK(server.connection_count() == 1);
}

TEST_CASE("headers without end are given up", "[engines][outbound][limit]") {
  const local_server server(local_server::raw_handler([](int socket, const std::string& head) {
    const bool interim = head.find("/interim") != std::string::npos;
    const std::string line = interim ? "HTTP/1.1 103 X\r\nA: b\r\n\r\n" : "A: b\r\n";
    if (!interim && !send_all(socket, "HTTP/1.1 200 X\r\n")) return false;
    while (send_all(socket, line)) {}
    return false;
  }));
  const auto client = make_outbound_http(private_allowed());
  for (const std::string path : {"/headers", "/interim"}) {
    const auto response = call(*client, get(server.url(path)));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == errc::io_failed);
  }
}

TEST_CASE("addresses that are not public are refused however they are written", "[engines][outbound][secret]") {
  std::atomic<int> calls{0};
  const local_server server([&](const std::string&, const std::string&) {
    ++calls;
    return reply(200, "");
  });
  const auto client = make_outbound_http({});
  for (const std::string host : {"127.0.0.1",
                                 "localhost",
                                 "LOCALHOST",
                                 "0.0.0.0",
                                 "0",
                                 "2130706433",
                                 "0x7f000001",
                                 "0x7f.1",
                                 "0177.0.0.1",
                                 "127.1",
                                 "127.0.1",
                                 "[::1]",
                                 "[::]",
                                 "[::ffff:127.0.0.1]",
                                 "[::ffff:7f00:1]",
                                 "[0:0:0:0:0:ffff:7f00:0001]",
                                 "[::127.0.0.1]",
                                 "[64:ff9b::127.0.0.1]",
                                 "[64:ff9b::7f00:1]",
                                 "[2002:7f00:1::]",
                                 "[::ffff:0:127.0.0.1]",
                                 "[fe80::1]",
                                 "[fd00::1]",
                                 "10.0.0.1",
                                 "192.168.0.1",
                                 "172.16.0.1",
                                 "169.254.169.254",
                                 "100.64.0.1",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "example.org@127.0.0.1",
                                 "example.org:80@[::1]",
                                 "user:canary@127.0.0.1"}) {
    CAPTURE(host);
    const auto response = call(*client, get("http://" + host + ":" + server.port() + "/canary"));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == errc::forbidden);
    CHECK(response.error().message.find("The address was refused: ") == 0);
    CHECK(response.error().message.find("--allow-private-addresses") != std::string::npos);
    CHECK(response.error().message.find("canary") == std::string::npos);
  }
  // Forms that may resolve or not, depending on the machine.
  for (const std::string host : {"127.0.0.1.", "localhost.", "ip6-localhost", "0x7f.0x0.0x0.0x1.", "127.0.0.1%00"}) {
    CAPTURE(host);
    auto request = get("http://" + host + ":" + server.port() + "/");
    request.timeout = 3s;
    CHECK_FALSE(call(*client, std::move(request)));
  }
  CHECK(calls == 0);
  CHECK(client->figures().connections_opened == 0);
}

TEST_CASE("redirects are answers, and proxies of the environment are not used", "[engines][outbound]") {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  std::atomic<int> calls{0};
  const local_server target([&](const std::string&, const std::string&) {
    ++calls;
    return reply(200, "");
  });
  const local_server server([&](const std::string&, const std::string&) {
    return "HTTP/1.1 302 X\r\nLocation: " + target.url() + "\r\nContent-Length: 0\r\n\r\n";
  });
  const auto client = make_outbound_http(private_allowed());
  const auto response = call(*client, get(server.url()));
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  REQUIRE(response);
  CHECK(response->status == 302);
  CHECK(header_of(*response, "location") == target.url());
  CHECK(calls == 0);
}

TEST_CASE("silence and drops end at the deadline", "[engines][outbound][limit]") {
  const local_server* self = nullptr;
  const local_server silent(local_server::raw_handler([&](int, const std::string&) { return say_nothing(self); }));
  self = &silent;
  const local_server dripping(local_server::raw_handler([](int socket, const std::string&) {
    if (!send_all(socket, "HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")) return false;
    while (send_all(socket, "x")) std::this_thread::sleep_for(20ms);
    return false;
  }));
  const auto client = make_outbound_http(private_allowed());
  for (const auto* server : {&silent, &dripping}) {
    auto request = get(server->url());
    request.timeout = 300ms;
    const auto begun = std::chrono::steady_clock::now();
    const auto response = call(*client, std::move(request));
    const auto took = std::chrono::steady_clock::now() - begun;
    REQUIRE_FALSE(response);
    CHECK(response.error().code == errc::timed_out);
    CHECK(response.error().message == "There was no whole answer within 300 ms.");
    CHECK(took >= 290ms);
    CHECK(took < 5s);
  }
}

TEST_CASE("a silent host holds up no other", "[engines][outbound][limit]") {
  const local_server* self = nullptr;
  const local_server silent(local_server::raw_handler([&](int, const std::string&) { return say_nothing(self); }));
  self = &silent;
  const local_server server([](const std::string&, const std::string&) { return reply(200, ""); });
  auto settings = private_allowed();
  settings.connections_max = 6;
  settings.connections_per_host_max = 4;
  const auto client = make_outbound_http(settings);
  std::vector<awaited> stuck(50), fine(50);
  for (auto& outcome : stuck) client->send(get(silent.url()), outcome.callback());
  for (auto& outcome : fine) client->send(get(server.url()), outcome.callback());
  for (auto& outcome : fine) CHECK(outcome.wait().has_value());
  for (auto& outcome : stuck) CHECK_FALSE(outcome.is_there());
  CHECK(silent.connection_count() <= 4);
  CHECK(eventually([&] { return client->figures().under_way == 4 && client->figures().waiting == 46; }));
}

TEST_CASE("a request is cancelled while it waits and while it is under way", "[engines][outbound]") {
  const local_server* self = nullptr;
  const local_server silent(local_server::raw_handler([&](int, const std::string&) { return say_nothing(self); }));
  self = &silent;
  auto settings = private_allowed();
  settings.connections_max = 1;
  const auto client = make_outbound_http(settings);
  awaited first, second, third;
  const auto one = client->send(get(silent.url()), first.callback());
  const auto two = client->send(get(silent.url()), second.callback());
  client->send(get(silent.url()), third.callback());
  CHECK(eventually([&] { return client->figures().under_way == 1 && client->figures().waiting == 2; }));
  client->cancel(two);
  CHECK(second.wait().error().code == errc::cancelled);
  client->cancel(one);
  CHECK(first.wait().error().code == errc::cancelled);
  client->cancel(one);
  client->cancel(999);
  CHECK(eventually([&] { return silent.connection_count() == 2; }));
  CHECK_FALSE(third.is_there());
}

TEST_CASE("destroying the client ends everything and tells", "[engines][outbound]") {
  const local_server* self = nullptr;
  const local_server silent(local_server::raw_handler([&](int, const std::string&) { return say_nothing(self); }));
  self = &silent;
  std::vector<awaited> outcomes(20);
  {
    auto settings = private_allowed();
    settings.connections_max = 3;
    const auto client = make_outbound_http(settings);
    for (auto& outcome : outcomes) client->send(get(silent.url()), outcome.callback());
  }
  for (auto& outcome : outcomes) {
    REQUIRE(outcome.is_there());
    CHECK(outcome.wait().error().code == errc::cancelled);
  }
}

TEST_CASE("more than may wait is refused at once", "[engines][outbound][limit]") {
  const local_server* self = nullptr;
  const local_server silent(local_server::raw_handler([&](int, const std::string&) { return say_nothing(self); }));
  self = &silent;
  auto settings = private_allowed();
  settings.connections_max = 2;
  settings.queued_max = 3;
  const auto client = make_outbound_http(settings);
  std::vector<awaited> outcomes(6);
  for (auto& outcome : outcomes) client->send(get(silent.url()), outcome.callback());
  CHECK(outcomes.back().wait().error().code == errc::unavailable);
  CHECK_FALSE(outcomes[4].is_there());
}

TEST_CASE("broken answers are failures that name no credentials", "[engines][outbound][secret]") {
  const std::array<std::string, 5> broken{"", "nonsense", "HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nabc",
                                          "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                          "HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"};
  const local_server server(local_server::raw_handler([&](int socket, const std::string& head) {
    (void)send_all(socket, broken.at(static_cast<std::size_t>(head.at(head.find("/canary") + 7) - '0')));
    return false;
  }));
  std::string closed;
  {
    const local_server gone([](const std::string&, const std::string&) { return ""; });
    closed = gone.port();
  }
  const auto client = make_outbound_http(private_allowed());
  const auto failed = [&](const std::string& port, std::size_t which) {
    auto request = get("http://canary:canary@127.0.0.1:" + port + "/canary" + std::to_string(which) + "?canary");
    request.headers = {{"X-Key", "canary"}};
    request.timeout = 3s;
    const auto response = call(*client, std::move(request));
    REQUIRE_FALSE(response);
    CHECK(response.error().message.find("canary") == std::string::npos);
    CHECK(response.error().message.ends_with("."));
    return response.error().code;
  };
  CHECK(failed(closed, 0) == errc::io_failed);
  for (std::size_t i = 0; i < broken.size(); ++i) {
    CAPTURE(broken[i]);
    CHECK(failed(server.port(), i) == errc::io_failed);
  }
}

TEST_CASE("mistakes are told without anything being sent", "[engines][outbound]") {
  const auto client = make_outbound_http(private_allowed());
  CHECK(call(*client, get("ftp://example.org/")).error().code == errc::invalid_argument);
  auto request = get("http://127.0.0.1:1/");
  request.headers = {{"Content-Length", "5"}};
  CHECK(call(*client, std::move(request)).error().code == errc::invalid_argument);
  CHECK(client->figures().connections_opened == 0);
}

TEST_CASE("certificates are verified", "[engines][outbound][tls]") {
  const temporary_directory directory;
  const std::string at = directory.path();
  const std::string make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
                           "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
                           at + "/key -out " + at + "/certificate 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  FILE* const out = ::popen(("cd " + at +
                             " && echo $$ && exec openssl s_server -accept 127.0.0.1:0 -www -cert certificate "
                             "-key key 2>/dev/null")
                              .c_str(),
                            "r");
  REQUIRE(out);
  int pid = 0, port = 0;
  REQUIRE(std::fscanf(out, "%d", &pid) == 1);
  for (int c = 0; port == 0 && c != EOF; c = std::fgetc(out)) (void)std::fscanf(out, "ACCEPT 127.0.0.1:%d", &port);
  CHECK(port > 0);
  const std::string url = "https://localhost:" + std::to_string(port) + "/";
  const auto stranger = call(*make_outbound_http(private_allowed()), get(url));
  auto settings = private_allowed();
  settings.ca_file = at + "/certificate";
  const auto client = make_outbound_http(settings);
  const auto trusted = call(*client, get(url));
  const auto misnamed = call(*client, get("https://127.0.0.1:" + std::to_string(port) + "/"));
  ::kill(pid, SIGKILL);
  ::pclose(out);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == errc::io_failed);
  CHECK(stranger.error().message.find("certificate") != std::string::npos);
  REQUIRE(trusted);
  CHECK(trusted->status == 200);
  CHECK_FALSE(misnamed);
}
