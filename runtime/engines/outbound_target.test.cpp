#include "runtime/engines/outbound_target.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("a URL's host is read the way it will be connected to", "[engines][outbound]") {
  for (const auto& [url, host] : {
         std::pair{"http://example.org", "http://example.org:80"},
         std::pair{"HTTPS://Example.ORG/a?b#c", "https://example.org:443"},
         std::pair{"http://example.org:8080/", "http://example.org:8080"},
         std::pair{"https://example.org:443", "https://example.org:443"},
         std::pair{"http://example.org:443", "http://example.org:443"},
         std::pair{"http://user:secret@example.org/", "http://example.org:80"},
         std::pair{"http://127.0.0.1@example.org/", "http://example.org:80"},
         std::pair{"http://example.org@127.0.0.1/", "http://127.0.0.1:80"},
         std::pair{"http://2130706433/", "http://127.0.0.1:80"},
         std::pair{"http://0x7f000001/", "http://127.0.0.1:80"},
         std::pair{"http://0x7f.1/", "http://127.0.0.1:80"},
         std::pair{"http://0177.0.0.1/", "http://127.0.0.1:80"},
         std::pair{"http://127.1/", "http://127.0.0.1:80"},
         std::pair{"http://[::1]:81/", "http://[::1]:81"},
         std::pair{"http://[::FFFF:127.0.0.1]/", "http://[::ffff:127.0.0.1]:80"},
         std::pair{"http://example.org./", "http://example.org.:80"},
         std::pair{"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example:80"},
       }) {
    CAPTURE(url);
    const auto read = outbound_host_of(url);
    REQUIRE(read);
    CHECK(*read == host);
  }
}

TEST_CASE("what is no http or https URL is refused without being repeated", "[engines][outbound][secret]") {
  const std::string zero("http://a\0b/", 11);
  for (const std::string& url :
       {std::string(""), std::string("example.org"), std::string("/path"), std::string("http://"),
        std::string("http://user:canary@"), std::string("ftp://canary.example/"), std::string("file:///etc/canary"),
        std::string("gopher://canary/"), std::string("http://a b/canary"), std::string("http://a/\r\ncanary"),
        std::string("http://a\ncanary/"), std::string("http://canary:0/"), std::string("http://canary:65536/"),
        std::string("http://canary:x/"), std::string("http://[::1/canary"), std::string("http://canary[]/"), zero,
        "http://" + std::string(20'000, 'a') + "/"}) {
    CAPTURE(url.substr(0, 60));
    const auto read = outbound_host_of(url);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::invalid_argument);
    CHECK(read.error().message.find("canary") == std::string::npos);
    CHECK(read.error().message.find("The URL is not valid: ") == 0);
  }
}

TEST_CASE("headers that would break the framing of a shared connection are refused", "[engines][outbound]") {
  const auto checked = [](std::string name, std::string text) {
    outbound_request request;
    request.headers = {{std::move(name), std::move(text)}};
    return check_message(request);
  };
  for (const std::string name : {"Content-Length", "content-length", "Transfer-Encoding", "CONNECTION", "Keep-Alive",
                                 "Upgrade", "TE", "Trailer", "Expect", "Proxy-Connection", "HTTP2-Settings"}) {
    CAPTURE(name);
    const auto refused = checked(name, "5");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(refused.error().message == "The header " + name + " is set by what is sent; leave it out.");
  }
  for (const std::string name : {"", "a b", "a:", "a\r\nb", "\xc3\xa4"}) CHECK_FALSE(checked(name, "x"));
  for (const std::string text : {std::string("a\r\nb: c"), std::string("a\n"), std::string("a\0b", 3)})
    CHECK_FALSE(checked("a", text));
  CHECK(checked("Authorization", "Bearer x"));
  CHECK(checked("Host", "other.example"));
  CHECK(checked("X-Empty", ""));
}

TEST_CASE("a method is a token, and none that makes a tunnel", "[engines][outbound]") {
  const auto checked = [](std::string method) {
    outbound_request request;
    request.method = std::move(method);
    return check_message(request).has_value();
  };
  for (const std::string method : {"GET", "POST", "PATCH", "PURGE", "M-SEARCH"}) CHECK(checked(method));
  for (const std::string method : {"", "G T", "GET\r\n", "CONNECT"}) CHECK_FALSE(checked(method));
}

TEST_CASE("a URL is shown without what may be secret in it", "[engines][outbound][secret]") {
  for (const auto& [url, shown] : {
         std::pair{"http://a.example/b", "http://a.example/b"},
         std::pair{"https://user:pw@a.example:81/b?token=c#d", "https://a.example:81/b"},
         std::pair{"https://user:p/w@a.example/b", "https://user:p/w@a.example/b"},
         std::pair{"https://a.example/b@c", "https://a.example/b@c"},
         std::pair{"https://user@host@a.example", "https://a.example"},
         std::pair{"https://a.example?x@y", "https://a.example"},
         std::pair{"nothing", "nothing"},
       }) {
    CHECK(url_for_people(url) == shown);
  }
}
