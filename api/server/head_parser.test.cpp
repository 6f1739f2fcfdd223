#include "api/server/head_parser.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

namespace {

result<request_head> parse(const std::string& block, request& into, std::size_t headers_max = 100) {
  return parse_head(block, headers_max, into);
}

std::string refusal(const std::string& lines, std::size_t headers_max = 100) {
  request in;
  const auto block = lines + "\r\n\r\n";
  const auto head = parse(block, in, headers_max);
  INFO(lines);
  REQUIRE_FALSE(head.has_value());
  CHECK(head.error().code == errc::invalid_argument);
  return head.error().message;
}

bool accepted(const std::string& lines) {
  request in;
  const auto block = lines + "\r\n\r\n";
  return parse(block, in).has_value();
}

bool names(const std::string& message, std::string_view part) {
  INFO(message);
  return message.find(part) != std::string::npos;
}

const std::string get = "GET / HTTP/1.1\r\nHost: a";
const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";

} // namespace

TEST_CASE("a head gives method, path, query and headers", "[http][gate]") {
  const std::string block = "POST /a%20b?x=1&y HTTP/1.1\r\nHost: example.org:8080\r\nX-Empty:\r\nContent-Length: "
                            "5\r\nExpect: 100-Continue\r\n\r\n";
  request in;
  const auto head = parse(block, in);
  REQUIRE(head.has_value());
  CHECK(in.method == verb::post);
  CHECK(in.path == "/a%20b");
  CHECK(in.query == "x=1&y");
  CHECK(*in.header("x-empty") == "");
  CHECK(head->content_length == 5u);
  CHECK(head->expects_continue);
  CHECK(head->keep_alive);
  CHECK(head->http_1_1);
}

TEST_CASE("targets of proxies are understood", "[http][gate]") {
  request in;
  const std::string absolute = "GET http://example.org/x?y HTTP/1.1\r\nHost: example.org\r\n\r\n";
  REQUIRE(parse(absolute, in).has_value());
  CHECK(in.path == "/x");
  CHECK(in.query == "y");
  const std::string bare = "GET http://example.org HTTP/1.1\r\nHost: example.org\r\n\r\n";
  REQUIRE(parse(bare, in).has_value());
  CHECK(in.path == "/");
  CHECK_FALSE(accepted("GET x HTTP/1.1\r\nHost: a"));
  CHECK_FALSE(accepted("CONNECT a:80 HTTP/1.1\r\nHost: a"));
}

TEST_CASE("whether the connection stays follows version and header", "[http][gate]") {
  const auto keeps = [](const std::string& lines) {
    request in;
    const auto block = lines + "\r\n\r\n";
    return parse(block, in).value().keep_alive;
  };
  CHECK(keeps("GET / HTTP/1.1\r\nHost: a"));
  CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close"));
  CHECK_FALSE(keeps("GET / HTTP/1.0"));
  CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive"));
}

TEST_CASE("only a plain chunked transfer-encoding is taken", "[http][gate]") {
  for (const auto* coding : {"xchunked", "gzip", "chunked, identity", "identity", "gzip, chunked", "chunked, chunked",
                             "\"chunked\"", "chunked;q=1", ""})
    CHECK(names(refusal(post + "Transfer-Encoding: " + coding), "Transfer-Encoding"));
  CHECK(names(refusal(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "Transfer-Encoding"));
  CHECK(names(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked"), "HTTP/1.0"));
  CHECK(accepted(post + "Transfer-Encoding: chunked"));
  CHECK(accepted(post + "transfer-encoding: Chunked"));
}

TEST_CASE("there is one Host, and it is one", "[http][gate]") {
  CHECK(names(refusal("GET / HTTP/1.1"), "no Host"));
  CHECK(names(refusal(get + "\r\nHost: a"), "more than one Host"));
  CHECK(names(refusal(get + "\r\nhost: b"), "more than one Host"));
  CHECK(names(refusal("GET / HTTP/1.1\r\nHost: a b"), "Host"));
  CHECK(names(refusal("GET / HTTP/1.1\r\nHost: a/b"), "Host"));
  CHECK(names(refusal("GET / HTTP/1.1\r\nHost: u@a"), "Host"));
  CHECK(accepted("GET / HTTP/1.0"));
  CHECK(accepted("GET / HTTP/1.1\r\nHost: [::1]:8080"));
}

TEST_CASE("there is one length, and it is a number", "[http][gate]") {
  CHECK(names(refusal(post + "Content-Length: 5\r\nContent-Length: 5"), "more than one Content-Length"));
  CHECK(names(refusal(post + "Content-Length: 5\r\nContent-Length: 6"), "Content-Length"));
  for (const auto* length : {"", "-1", "+1", "0x5", "5, 5", "5 5", "99999999999999999999", "1.0"})
    CHECK(names(refusal(post + "Content-Length: " + length), "Content-Length"));
  CHECK_FALSE(accepted(post + "Content-Length: 5\r\nTransfer-Encoding: chunked"));
  CHECK_FALSE(accepted(post + "Transfer-Encoding: chunked\r\nContent-Length: 5"));
  CHECK(accepted(post + "Content-Length: 0"));
}

TEST_CASE("folded lines and odd bytes are refused", "[http][gate]") {
  CHECK(names(refusal(get + "\r\nX: a\r\n b"), "folded"));
  CHECK(names(refusal(get + "\r\nX: a\r\n\tb"), "folded"));
  CHECK(names(refusal(get + "\nX: a"), "lone LF"));
  CHECK(names(refusal(get + "\r\nX: a\rb"), "lone CR"));
  CHECK(names(refusal(get + "\r\nX: a" + std::string(1, '\0')), "NUL"));
  for (const auto* line : {"X : a", " X: a", ": a", "X", "X\x01: a", "X: a\x01"})
    CHECK_FALSE(accepted(get + "\r\n" + line));
  for (const auto* first : {"GET  / HTTP/1.1", "GET / HTTP/2.0", "GET / HTTP/0.9", "GET /", "/ HTTP/1.1",
                            "GET / HTTP/1.1 ", "G@T / HTTP/1.1"})
    CHECK_FALSE(accepted(std::string{first} + "\r\nHost: a"));
}

TEST_CASE("headers are counted", "[http][gate]") {
  std::string lines = get;
  for (int i = 1; i < 100; ++i) lines += "\r\nX-" + std::to_string(i) + ": 1";
  CHECK(accepted(lines));
  CHECK(names(refusal(lines + "\r\nX-100: 1"), "more than 100 headers"));
}

TEST_CASE("an expectation that nobody knows is told apart", "[http][gate]") {
  request in;
  const auto block = get + "\r\nExpect: 200-ok\r\n\r\n";
  CHECK(parse(block, in)->unknown_expectation);
}
