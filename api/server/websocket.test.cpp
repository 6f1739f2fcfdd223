#include "api/server/websocket_session.hpp"

#include "api/server/test_server.hpp"

using namespace penstock;
using namespace penstock::test;
using namespace std::chrono_literals;

namespace {

struct frame {
  int opcode = -1;
  std::string payload;
};

/// The client's side of RFC 6455, as far as the tests need it.
class socket_client {
public:
  socket_client(std::uint16_t port, const std::string& run, std::string_view more = "", int receive_buffer = 0)
      : tcp_(port, receive_buffer) {
    head = tcp_.ask("GET /api/v1/runs/" + run +
                      "/stream HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nx-api-key: " +
                      std::string{fake_operations::admin_key} + "\r\n" + std::string{more} + "\r\n",
                    true);
    bytes_ = tcp_.take_rest();
  }

  /// The next frame; opcode -1 if the connection ended or nothing came.
  frame read() {
    while (!whole()) {
      const auto more = tcp_.read_some();
      if (more.empty()) return {};
      bytes_ += more;
    }
    const auto [begin, size] = payload_place();
    frame f{bytes_[0] & 0x0f, bytes_.substr(begin, size)};
    bytes_.erase(0, begin + size);
    return f;
  }

  void send(int opcode, std::string payload) {
    std::string out{static_cast<char>(0x80 | opcode)};
    out += static_cast<char>(0x80 | payload.size());
    // A mask of zeroes leaves the payload as it is.
    out.append(4, '\0').append(payload);
    tcp_.send(out);
  }

  [[nodiscard]] raw_client& tcp() noexcept { return tcp_; }
  std::string head;

private:
  [[nodiscard]] std::pair<std::size_t, std::size_t> payload_place() const {
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes_[i])); };
    const auto small = at(1) & 0x7f;
    if (small < 126) return {2, small};
    if (small == 126) return {4, at(2) << 8 | at(3)};
    std::size_t size = 0;
    for (std::size_t i = 2; i < 10; ++i) size = size << 8 | at(i);
    return {10, size};
  }
  [[nodiscard]] bool whole() const {
    if (bytes_.size() < 2) return false;
    const auto small = bytes_[1] & 0x7f;
    if (bytes_.size() < (small < 126 ? 2u : small == 126 ? 4u : 10u)) return false;
    const auto [begin, size] = payload_place();
    return bytes_.size() >= begin + size;
  }

  raw_client tcp_;
  std::string bytes_;
};

run_id id_of(const std::string& text) { return run_id{*parse_uuid(text)}; }

int close_code(const frame& f) {
  return f.payload.size() < 2
           ? 0
           : static_cast<unsigned char>(f.payload[0]) << 8 | static_cast<unsigned char>(f.payload[1]);
}

} // namespace

TEST_CASE("a stream tells the state at once and every change, and ends normally", "[http][websocket]") {
  test_server s;
  const auto run = s.make_run();
  socket_client client{s.port(), run};
  CHECK(status_of(client.head) == 101);
  CHECK(client.head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
  CHECK(client.head.find("X-Request-Id") != std::string::npos);
  auto f = client.read();
  CHECK(f.opcode == 1);
  CHECK(f.payload.find("\"overallStatus\":\"RUNNING\"") != std::string::npos);
  s.ops.move_run(id_of(run), run_status::running);
  CHECK(client.read().opcode == 1);
  s.ops.move_run(id_of(run), run_status::succeeded);
  f = client.read();
  CHECK(f.payload.find("\"overallStatus\":\"COMPLETED\"") != std::string::npos);
  f = client.read();
  CHECK(f.opcode == 8);
  CHECK(close_code(f) == 1000);
  CHECK(s.ops.watchers() == 0);
  client.send(8, f.payload);
  client.tcp().close();
  CHECK(eventually([&] { return s.metric("penstock_http_websockets") == 0; }));
  CHECK(s.metric("penstock_http_connections") == 1);
}

TEST_CASE("a stream of an ended run is one message", "[http][websocket]") {
  test_server s;
  const auto run = s.make_run();
  s.ops.move_run(id_of(run), run_status::failed, "boom");
  socket_client client{s.port(), run};
  CHECK(client.read().payload.find("FAILED") != std::string::npos);
  CHECK(client.read().opcode == 8);
}

TEST_CASE("a client that goes away drops its subscription", "[http][websocket]") {
  test_server s;
  const auto run = s.make_run();
  {
    socket_client client{s.port(), run};
    CHECK(client.read().opcode == 1);
    CHECK(s.ops.watchers() == 1);
  }
  CHECK(eventually([&] { return s.ops.watchers() == 0; }));
  CHECK(eventually([&] { return s.metric("penstock_http_websockets") == 0; }));
}

TEST_CASE("a closing client is answered", "[http][websocket]") {
  test_server s;
  socket_client client{s.port(), s.make_run()};
  CHECK(client.read().opcode == 1);
  client.send(1, "what a client says is ignored");
  client.send(9, "ping");
  const auto pong = client.read();
  CHECK(pong.opcode == 10);
  CHECK(pong.payload == "ping");
  client.send(8, std::string{"\x03\xe8", 2});
  CHECK(client.read().opcode == 8);
  CHECK(eventually([&] { return s.ops.watchers() == 0; }));
}

TEST_CASE("a slow reader misses states between but never the last", "[http][websocket]") {
  test_server s;
  const auto run = s.make_run();
  socket_client client{s.port(), run, "", 4'096};
  CHECK(client.read().opcode == 1);
  const std::string long_error(100'000, 'x');
  constexpr int changes = 300;
  for (int i = 0; i < changes; ++i) s.ops.move_run(id_of(run), run_status::running, long_error);
  s.ops.move_run(id_of(run), run_status::succeeded);
  int seen = 0;
  frame last;
  for (auto f = client.read(); f.opcode == 1; f = client.read()) {
    ++seen;
    last = std::move(f);
  }
  CHECK(seen < changes);
  CHECK(last.payload.find("COMPLETED") != std::string::npos);
}

TEST_CASE("bad upgrades are refused as HTTP", "[http][websocket]") {
  test_server s;
  const auto run = s.make_run();
  const auto ask = [&](std::string_view more, std::string_view key = fake_operations::admin_key) {
    raw_client client{s.port()};
    return status_of(client.ask("GET /api/v1/runs/" + run + "/stream HTTP/1.1\r\nHost: a\r\nx-api-key: " +
                                std::string{key} + "\r\n" + std::string{more} + "\r\n"));
  };
  CHECK(ask("") == 426);
  CHECK(ask("Connection: Upgrade\r\nUpgrade: websocket\r\n") == 400);
  CHECK(ask("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: "
            "dGhlIHNhbXBsZSBub25jZQ==\r\n") == 426);
  CHECK(ask("Connection: Upgrade\r\nUpgrade: websocket\r\n", "unknown") == 401);
  CHECK(s.ops.watchers() == 0);
  CHECK(status_of(s.ask("GET", "/health")) == 200);
}

TEST_CASE("messages of a client are limited", "[http][websocket]") {
  test_server s;
  socket_client client{s.port(), s.make_run()};
  CHECK(client.read().opcode == 1);
  // 100,000 bytes announced, more than is ever read.
  client.tcp().send(std::string{"\x81\xff\0\0\0\0\0\x01\x86\xa0\0\0\0\0", 14} + std::string(5'000, 'x'));
  const auto f = client.read();
  CHECK(f.opcode == 8);
  CHECK(close_code(f) == 1009);
}

TEST_CASE("streams end with the server", "[http][websocket][stop]") {
  test_server s;
  socket_client client{s.port(), s.make_run()};
  CHECK(client.read().opcode == 1);
  std::thread stopping{[&] { s.server->stop(2s); }};
  const auto f = client.read();
  CHECK(f.opcode == 8);
  CHECK(close_code(f) == 1001);
  client.send(8, f.payload);
  stopping.join();
  CHECK(s.ops.watchers() == 0);
}

TEST_CASE("a stream whose key expires is closed by the next sweep", "[http][websocket][auth]") {
  test_server s;
  const auto run = s.make_run();
  socket_client client{s.port(), run};
  CHECK(client.read().opcode == 1);
  s.ops.end_key(fake_operations::admin_key, false);
  CHECK(close_code(client.read()) == 1008);
}

TEST_CASE("a stream ends at once with the key that opened it", "[http][websocket][auth]") {
  test_server s;
  const auto run = s.make_run();
  socket_client told{s.port(), run};
  CHECK(told.head.find("X-RateLimit-Limit: 2000") != std::string::npos);
  CHECK(told.read().opcode == 1);
  s.ops.end_key(fake_operations::admin_key);
  const auto end = told.read();
  CHECK(end.opcode == 8);
  CHECK(close_code(end) == 1008);
  CHECK(eventually([&] { return s.ops.watchers() == 0; }));
}
