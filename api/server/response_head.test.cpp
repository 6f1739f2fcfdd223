#include "api/server/response_head.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

std::string head_of(const response& r, bool http_1_1 = true, bool keep_alive = true) {
  std::string out;
  append_head(out, r, {"Sun, 06 Nov 1994 08:49:37 GMT", "id-1", http_1_1, keep_alive, r.body.size(), {}});
  return out;
}

} // namespace

TEST_CASE("a head holds what every response carries", "[http][head]") {
  auto r = json_response(201, "{}");
  r.with("Location", "/x");
  CHECK(head_of(r) == "HTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: "
                      "application/json\r\nContent-Length: 2\r\n"
                      "X-Request-Id: id-1\r\nX-Content-Type-Options: nosniff\r\nLocation: /x\r\n\r\n");
}

TEST_CASE("statuses without a body have no length", "[http][head]") {
  CHECK(head_of(no_content()).find("\r\nContent-") == std::string::npos);
  response empty;
  CHECK(head_of(empty).find("Content-Length: 0") != std::string::npos);
  CHECK(head_of(empty).find("Content-Type:") == std::string::npos);
}

TEST_CASE("nothing in a value ends its header", "[http][head]") {
  response r;
  r.with("X", "a\r\nSet-Cookie: b");
  CHECK(head_of(r).find("X: aSet-Cookie: b\r\n") != std::string::npos);
}

TEST_CASE("the connection's fate is told where it is not the default", "[http][head]") {
  CHECK(head_of({}, true, true).find("Connection") == std::string::npos);
  CHECK(head_of({}, true, false).find("Connection: close") != std::string::npos);
  CHECK(head_of({}, false, true).find("Connection: keep-alive") != std::string::npos);
}

TEST_CASE("dates are those of the standard", "[http][head]") {
  CHECK(http_date(784'111'777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(1'709'164'799) == "Wed, 28 Feb 2024 23:59:59 GMT");
  CHECK(http_date(1'709'164'800) == "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST_CASE("request ids of clients are taken over only when harmless", "[http][head]") {
  CHECK(is_sane_request_id("a-1_b.c:d/e+f="));
  CHECK_FALSE(is_sane_request_id(""));
  CHECK_FALSE(is_sane_request_id("a b"));
  CHECK_FALSE(is_sane_request_id("a\"b"));
  CHECK_FALSE(is_sane_request_id(std::string(129, 'a')));
}
