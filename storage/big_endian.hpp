#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

/// Appends an integer with its most significant byte first, so that byte order is value order.
template <std::unsigned_integral T>
void put_big_endian(std::string& out, T v) {
  for (std::size_t i = sizeof(T); i-- > 0;) out += static_cast<char>(v >> (8 * i));
}

/// Reads what `put_big_endian` wrote. `bytes` has at least `sizeof(T)` of them.
template <std::unsigned_integral T>
[[nodiscard]] T big_endian_at(std::string_view bytes, std::size_t offset = 0) noexcept {
  T v = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    v = static_cast<T>(static_cast<std::uint64_t>(v) << 8 | static_cast<std::uint8_t>(bytes[offset + i]));
  return v;
}

} // namespace penstock
