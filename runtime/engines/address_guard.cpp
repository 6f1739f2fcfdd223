#include "runtime/engines/address_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

namespace penstock {

namespace {

struct v4_range {
  std::array<std::uint8_t, 4> first;
  int bits;
  std::string_view kind;
};

constexpr std::array v4_ranges{
  v4_range{{0, 0, 0, 0}, 8, "this host's"},
  v4_range{{10, 0, 0, 0}, 8, "private"},
  v4_range{{100, 64, 0, 0}, 10, "shared (carrier-grade NAT)"},
  v4_range{{127, 0, 0, 0}, 8, "loopback"},
  v4_range{{169, 254, 0, 0}, 16, "link-local"},
  v4_range{{172, 16, 0, 0}, 12, "private"},
  v4_range{{192, 0, 0, 0}, 24, "reserved"},
  v4_range{{192, 0, 2, 0}, 24, "documentation"},
  v4_range{{192, 88, 99, 0}, 24, "reserved"},
  v4_range{{192, 168, 0, 0}, 16, "private"},
  v4_range{{198, 18, 0, 0}, 15, "benchmarking"},
  v4_range{{198, 51, 100, 0}, 24, "documentation"},
  v4_range{{203, 0, 113, 0}, 24, "documentation"},
  v4_range{{224, 0, 0, 0}, 4, "multicast"},
  v4_range{{240, 0, 0, 0}, 4, "reserved"},
};

struct v6_range {
  std::array<std::uint8_t, 16> first;
  int bits;
  std::string_view kind;
};

constexpr std::array v6_ranges{
  v6_range{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "private (local NAT64)"},
  v6_range{{0x01, 0x00}, 64, "discard-only"},
  v6_range{{0x20, 0x01, 0x00}, 23, "reserved"},
  v6_range{{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
  v6_range{{0x3f, 0xff}, 20, "documentation"},
  v6_range{{0x5f, 0x00}, 16, "reserved"},
  v6_range{{0xfc, 0x00}, 7, "private"},
  v6_range{{0xfe, 0x80}, 10, "link-local"},
  v6_range{{0xfe, 0xc0}, 10, "private (site-local)"},
  v6_range{{0xff, 0x00}, 8, "multicast"},
};

template <std::size_t Size>
constexpr bool is_in(const std::array<std::uint8_t, Size>& address, const std::array<std::uint8_t, Size>& first,
                     int bits) {
  for (std::size_t i = 0; i < Size && bits > 0; ++i, bits -= 8) {
    const auto mask = static_cast<std::uint8_t>(bits >= 8 ? 0xFF : 0xFF << (8 - bits));
    if ((address[i] & mask) != (first[i] & mask)) return false;
  }
  return true;
}

/// Prefixes behind which an IPv4 address stands.
struct embedding {
  std::array<std::uint8_t, 16> first;
  int bits;
  std::size_t offset; ///< Of the IPv4 address.
};

constexpr std::array embeddings{
  embedding{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12}, // mapped
  embedding{{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12},       // translated (SIIT)
  embedding{{0x00, 0x64, 0xff, 0x9b}, 96, 12},                   // NAT64
  embedding{{0x20, 0x02}, 16, 2},                                // 6to4
  embedding{{}, 96, 12},                                         // compatible
};

} // namespace

std::optional<std::string_view> refused_ipv4(std::array<std::uint8_t, 4> address) noexcept {
  for (const auto& range : v4_ranges)
    if (is_in(address, range.first, range.bits)) return range.kind;
  return std::nullopt;
}

std::optional<std::string_view> refused_ipv6(const std::array<std::uint8_t, 16>& address) noexcept {
  constexpr std::array<std::uint8_t, 16> loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (address == loopback) return "loopback";
  for (const auto& range : v6_ranges)
    if (is_in(address, range.first, range.bits)) return range.kind;
  for (const auto& e : embeddings) {
    if (!is_in(address, e.first, e.bits)) continue;
    std::array<std::uint8_t, 4> inner{};
    std::memcpy(inner.data(), address.data() + e.offset, inner.size());
    return refused_ipv4(inner);
  }
  return std::nullopt;
}

std::optional<std::string_view> refused_address(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) return refused_ipv4(v4);
  std::array<std::uint8_t, 16> v6{};
  if (::inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1) return refused_ipv6(v6);
  return "not an address";
}

std::optional<std::string_view> refused_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, bytes.size());
    return refused_ipv4(bytes);
  }
  if (address.sa_family == AF_INET6) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, bytes.size());
    return refused_ipv6(bytes);
  }
  return "not an internet";
}

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const void* bytes = address.sa_family == AF_INET
                        ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                        : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return ::inet_ntop(address.sa_family, bytes, out.data(), out.size()) ? out.data() : "?";
}

} // namespace penstock
