#include "runtime/model/ids.hpp"

namespace penstock {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool dash_before(std::size_t byte) noexcept { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

} // namespace

std::string to_text(const uuid& id) {
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < 16; ++i) {
    if (dash_before(i)) out += '-';
    out += hex_digits[id.bytes[i] >> 4];
    out += hex_digits[id.bytes[i] & 15];
  }
  return out;
}

std::optional<uuid> parse_uuid(std::string_view text) {
  // A surface's prefix ends at the last underscore: hex digits and dashes hold none.
  if (const auto at = text.rfind('_'); at != std::string_view::npos) text.remove_prefix(at + 1);
  const bool dashed = text.size() == 36;
  if (!dashed && text.size() != 32) return std::nullopt;
  uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (dashed && dash_before(i) && text[at++] != '-') return std::nullopt;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return id;
}

uuid make_uuid7(timestamp now, slot_number slot, std::uint64_t random) noexcept {
  uuid id;
  const auto ms = static_cast<std::uint64_t>(to_ms(now));
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (random >> 60));
  id.bytes[7] = static_cast<std::uint8_t>(random >> 52);
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | ((slot >> 4) & 0x3f));
  id.bytes[9] = static_cast<std::uint8_t>((slot & 15) << 4 | ((random >> 48) & 15));
  for (std::size_t i = 10; i < 16; ++i) id.bytes[i] = static_cast<std::uint8_t>(random >> (8 * (15 - i)));
  return id;
}

slot_number slot_of(const uuid& id) noexcept {
  return static_cast<slot_number>((id.bytes[8] & 0x3f) << 4 | id.bytes[9] >> 4);
}

} // namespace penstock
