#include "api/server/body_reader.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

using namespace penstock;
using progress = body_reader::progress;

namespace {

struct outcome {
  progress last = progress::more;
  std::string body;
  std::string rest;
};

/// Feeds `text` in pieces of `step` bytes, as a socket might.
outcome feed_chunked(const std::string& text, std::size_t step = 1, std::size_t bytes_max = 1'000) {
  body_reader reader;
  reader.start(std::nullopt, true, bytes_max);
  outcome out;
  std::string_view all = text;
  while (out.last == progress::more && !all.empty()) {
    auto piece = all.substr(0, step);
    const auto before = piece.size();
    out.last = reader.feed(piece);
    all.remove_prefix(before - piece.size());
    if (out.last == progress::more) REQUIRE(piece.empty());
  }
  out.body = reader.body();
  out.rest = all;
  return out;
}

} // namespace

TEST_CASE("a request without length has no body", "[http][body]") {
  body_reader reader;
  reader.start(std::nullopt, false, 10);
  std::string_view data = "GET";
  CHECK(reader.feed(data) == progress::done);
  CHECK(data == "GET");
}

TEST_CASE("a body of known length ends where it should", "[http][body]") {
  body_reader reader;
  reader.start(5, false, 10);
  std::string_view first = "abc";
  CHECK(reader.feed(first) == progress::more);
  CHECK(reader.remaining() == 2);
  std::string_view second = "deGET";
  CHECK(reader.feed(second) == progress::done);
  CHECK(reader.body() == "abcde");
  CHECK(second == "GET");
}

TEST_CASE("a length beyond the limit is known before a byte arrives", "[http][body]") {
  body_reader reader;
  reader.start(11, false, 10);
  std::string_view none;
  CHECK(reader.feed(none) == progress::too_large);
}

TEST_CASE("chunks are joined, however they arrive", "[http][body]") {
  const std::string text = "4\r\nWiki\r\n5;ext=\"x\"\r\npedia\r\nA\r\n0123456789\r\n000\r\n\r\nGET";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const auto out = feed_chunked(text, step);
    CHECK(out.last == progress::done);
    CHECK(out.body == "Wikipedia0123456789");
    CHECK(out.rest == "GET");
  }
}

TEST_CASE("trailers are refused, long and short", "[http][body]") {
  CHECK(feed_chunked("0\r\nX: y\r\n\r\n").last == progress::malformed);
  CHECK(feed_chunked("0\r\nX: " + std::string(70'000, 'y') + "\r\n\r\n", 4'096).last == progress::malformed);
}

TEST_CASE("a chunk line is at most 256 bytes", "[http][body]") {
  CHECK(feed_chunked("1;" + std::string(251, 'x') + "\r\na\r\n0\r\n\r\n").last == progress::done);
  CHECK(feed_chunked("1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n").last == progress::malformed);
  CHECK(feed_chunked("1;" + std::string(70'000, 'x'), 4'096).last == progress::malformed);
  CHECK(feed_chunked("00000000000000001\r\na\r\n0\r\n\r\n").last == progress::malformed);
}

TEST_CASE("malformed chunks are refused", "[http][body]") {
  for (const auto* text : {"x\r\n", "\r\n", "-1\r\n", " 1\r\n", "1 2\r\n", "1\na", "1\r\nab\r\n", "1\r\na\n",
                           "1\r\naX\n", "fffffffff\r\n", "1;\x01\r\n", "0x1\r\n"})
    CHECK(feed_chunked(text).last == progress::malformed);
}

TEST_CASE("chunked bodies count against the limit", "[http][body]") {
  CHECK(feed_chunked("a\r\n0123456789\r\n0\r\n\r\n", 7, 10).last == progress::done);
  CHECK(feed_chunked("b\r\n", 7, 10).last == progress::too_large);
  CHECK(feed_chunked("6\r\n012345\r\n5\r\n", 3, 10).last == progress::too_large);
  CHECK(feed_chunked("ffffffff\r\n", 3, 10).last == progress::too_large);
}

TEST_CASE("what is discarded is counted but not kept", "[http][body]") {
  body_reader reader;
  reader.start(std::nullopt, true, 10);
  reader.discard();
  std::string_view data = "3\r\nabc\r\n0\r\n\r\n";
  CHECK(reader.feed(data) == progress::done);
  CHECK(reader.body().empty());
}

TEST_CASE("random bytes never get past the limit", "[http][body][random]") {
  const auto seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  const std::string alphabet = "0123456789abcdef\r\n;\r\n\r\nx \0";
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    const auto size = random() % 200;
    for (std::size_t i = 0; i < size; ++i) text += alphabet[random() % alphabet.size()];
    const auto out = feed_chunked(text, 1 + random() % 20, 64);
    CHECK(out.body.size() <= 64);
  }
}
