#include "storage/watermark.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

watermark sample() {
  return {.id = make_database_id(), .made = true, .turn = 123'456, .chain = 0xfedcba9876543210, .log = 42};
}

} // namespace

SCENARIO("a watermark comes back", "[storage][watermark]") {
  const auto mark = sample();
  CHECK(decode_watermark(encode_watermark(mark)) == mark);
  CHECK(decode_watermark(encode_watermark(watermark{})) == watermark{});
}

SCENARIO("a damaged watermark is refused", "[storage][watermark]") {
  const auto text = encode_watermark(sample());
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    auto flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    CHECK_FALSE(decode_watermark(flipped));
  }
  for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(decode_watermark(text.substr(0, size)));
  CHECK_FALSE(decode_watermark(text + text));
}
