#include "api/request_options.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

request with(std::vector<header_view> headers, std::string_view body = "") {
  request r;
  r.method = verb::post;
  r.path = "/x";
  r.headers = std::move(headers);
  r.body = body;
  return r;
}

milliseconds wait(std::string_view prefer) { return preferred_wait(with({{"Prefer", prefer}}), 300s); }

} // namespace

TEST_CASE("a body must be one JSON object or nothing", "[options]") {
  CHECK(json_object_body(with({}))->as_object()->empty());
  CHECK(json_object_body(with({}, R"({"a":1})"))->find("a"));
  for (const auto* body : {"[]", "1", "{", "{}x", "{\"a\":1,\"a\":2}", "\xff", "null"})
    CHECK(json_object_body(with({}, body)).error().code == errc::invalid_argument);
}

TEST_CASE("a preferred wait is read among other preferences and held to the most", "[options]") {
  CHECK(wait("wait=5") == 5s);
  CHECK(wait("respond-async, WAIT = 7 , x=1") == 7s);
  CHECK(wait("wait=9999") == 300s);
  CHECK(wait("wait=99999999999999") == 300s);
  CHECK(wait("wait=") == 0s);
  CHECK(wait("wait=-1") == 0s);
  CHECK(wait("wait=1.5") == 0s);
  CHECK(wait("waiting=1") == 0s);
  CHECK(preferred_wait(with({}), 300s) == 0s);
}

TEST_CASE("an idempotency key comes with a hash of the whole request", "[options]") {
  request_problems problems;
  const auto first = idempotency_key(with({{"Idempotency-Key", "k-1"}}, "{}"), problems);
  const auto same = idempotency_key(with({{"idempotency-key", "k-1"}}, "{}"), problems);
  const auto other = idempotency_key(with({{"Idempotency-Key", "k-1"}}, "{ }"), problems);
  CHECK(first.key == "k-1");
  CHECK(first.request_hash.size() == 32);
  CHECK(first.request_hash == same.request_hash);
  CHECK(first.request_hash != other.request_hash);
  CHECK(idempotency_key(with({}), problems).key.empty());
  CHECK(problems.empty());
}

TEST_CASE("an idempotency key of odd characters or length is refused", "[options]") {
  const std::string long_key(256, 'k');
  for (const auto key :
       {std::string_view{""}, std::string_view{"a b"}, std::string_view{"\xc3\xa4"}, std::string_view{long_key}}) {
    request_problems problems;
    (void)idempotency_key(with({{"Idempotency-Key", key}}), problems);
    CHECK_FALSE(problems.empty());
  }
}

TEST_CASE("only a valid trace context is passed on", "[options]") {
  constexpr std::string_view good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  CHECK(traceparent_of(with({{"traceparent", good}})) == good);
  for (const auto* bad : {"00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                          "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "x"})
    CHECK(traceparent_of(with({{"traceparent", bad}})).empty());
}

TEST_CASE("entity tags are compared strongly for changes, weakly for reads", "[options]") {
  CHECK(lists_tag("\"1-2\"", "\"1-2\"", false));
  CHECK(lists_tag("\"0\" , \"1-2\"", "\"1-2\"", false));
  CHECK(lists_tag("*", "\"1-2\"", false));
  CHECK_FALSE(lists_tag("W/\"1-2\"", "\"1-2\"", false));
  CHECK(lists_tag("W/\"1-2\"", "\"1-2\"", true));
  CHECK_FALSE(lists_tag("\"1-3\"", "\"1-2\"", true));
  CHECK_FALSE(lists_tag("1-2", "\"1-2\"", true));
}

TEST_CASE("an id in the path may be written as any surface does", "[options]") {
  auto in = with({});
  in.parameters.add("id", "run_9c1f0e2a111172228333444455556666");
  request_problems problems;
  CHECK(to_text(id_in_path(in, "id", problems)) == "9c1f0e2a-1111-7222-8333-444455556666");
  CHECK(problems.empty());
  in.parameters.clear();
  in.parameters.add("id", "seven");
  CHECK(id_in_path(in, "id", problems).is_nil());
  CHECK(problems.take().problems[0].field == "id");
}
