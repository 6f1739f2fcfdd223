// Regressions over a raw socket: what Beast 1.74 takes or trips over, our gate refuses.
#include "api/server/test_server.hpp"

#include <random>

using namespace penstock;
using namespace penstock::test;

namespace {

const std::string get = "GET /health HTTP/1.1\r\nHost: a\r\n";
const std::string post = "POST /api/pipelines HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nx-api-key: " +
                         std::string{fake_operations::admin_key} + "\r\n";
/// A second request behind the first: served only if the first was misread.
const std::string smuggled = "GET /v1/whoami HTTP/1.1\r\nHost: a\r\n\r\n";

void check_refused(const test_server& s, const std::string& bytes) {
  INFO(bytes.substr(0, 300));
  raw_client client{s.port()};
  client.send(bytes);
  const auto all = client.read_all();
  CHECK(status_of(all) == 400);
  CHECK(all.find("Connection: close") != std::string::npos);
  CHECK(all.find("\"code\":\"invalid_argument\"") != std::string::npos);
  CHECK(all.find("HTTP/1.1", 1) == std::string::npos);
  CHECK(client.closed());
}

} // namespace

TEST_CASE("malformed requests get a 400 and the connection is closed", "[http][gate]") {
  const test_server s;
  std::string many = get;
  for (int i = 0; i < 100; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  for (const auto& bytes : {
         post + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled,
         post + "Transfer-Encoding: gzip\r\n\r\n" + smuggled,
         post + "Transfer-Encoding: chunked, identity\r\n\r\n" + smuggled,
         post + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
         std::string{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
         std::string{"GET /health HTTP/1.1\r\n\r\n"},
         get + "Host: a\r\n\r\n",
         post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
         post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
         get + "X-Folded: a\r\n b\r\n\r\n",
         get + "X-Long: " + std::string(16u << 10, 'x') + "\r\n\r\n",
         get + std::string(20u << 10, 'x'),
         many + "\r\n",
         post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n",
         post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: " + std::string(66'000, 'x') + "\r\n\r\n",
         post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: x\r\n\r\n",
         post + "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n",
         std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15},
         std::string{"nonsense\r\n\r\n"},
       })
    check_refused(s, bytes);
  CHECK(status_of(s.ask("GET", "/health")) == 200);
}

TEST_CASE("a chunked body works and counts against the limit", "[http][gate]") {
  http_settings settings;
  settings.body_bytes_max = 100;
  const test_server s{settings};
  raw_client good{s.port()};
  const auto made =
    good.ask(post + "Transfer-Encoding: chunked\r\n\r\n14\r\n{\"name\":\"a\",\"config\"\r\n4\r\n:{}}\r\n0\r\n\r\n");
  CHECK(status_of(made) == 201);
  raw_client large{s.port()};
  large.send(post + "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 10; ++i) large.send("14\r\n01234567890123456789\r\n");
  const auto refused = large.read_all();
  CHECK(status_of(refused) == 413);
  CHECK(refused.find("100 bytes") != std::string::npos);
  CHECK(large.closed());
}

TEST_CASE("the last chunk may arrive byte by byte", "[http][gate]") {
  const test_server s;
  raw_client client{s.port()};
  client.send(post + "Transfer-Encoding: chunked\r\n\r\n");
  for (const char c : std::string{"1b\r\n{\"name\":\"a\", \"config\": {}} \r\n0\r\n\r\n"}) {
    client.send({&c, 1});
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  CHECK(status_of(client.read_response()) == 201);
}

TEST_CASE("random bytes and random requests leave the server alive", "[http][gate][random]") {
  const test_server s;
  const auto seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  const std::vector<std::string> pieces{"GET ",
                                        "POST ",
                                        "/health",
                                        "/api/pipelines",
                                        " HTTP/1.1",
                                        " HTTP/1.0",
                                        "\r\n",
                                        "\r\n\r\n",
                                        "Host: a",
                                        "Content-Length: 5",
                                        "Transfer-Encoding: chunked",
                                        "0\r\n\r\n",
                                        "5\r\nabcde\r\n",
                                        "Expect: 100-continue",
                                        "Connection: upgrade",
                                        "Upgrade: websocket",
                                        "%00",
                                        "?",
                                        ": ",
                                        "{",
                                        "\xff\xfe",
                                        std::string(1, '\0'),
                                        std::string(5'000, 'a')};
  for (int round = 0; round < 300; ++round) {
    raw_client client{s.port()};
    std::string bytes;
    const auto count = random() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      if (random() % 4 == 0) bytes += static_cast<char>(random());
      else bytes += pieces[random() % pieces.size()];
    }
    client.send(bytes);
    // Some wait for the answer, some go away at once.
    if (random() % 3 == 0) (void)client.read_some(std::chrono::milliseconds{20});
  }
  CHECK(status_of(s.ask("GET", "/health")) == 200);
  CHECK(eventually([&] { return s.metric("penstock_http_connections") == 1; }));
  CHECK(s.metric("penstock_http_requests_in_flight") == 0);
}
