#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

/// Why outbound calls on behalf of users may not go to an address: "loopback", "private", "link-local", …; nothing for
/// an address of the public internet. IPv6 forms that stand for an IPv4 address (mapped, compatible, NAT64, 6to4) are
/// judged by that. After the IANA special-purpose address registries (RFC 6890 and successors). Pure.
[[nodiscard]] std::optional<std::string_view> refused_ipv4(std::array<std::uint8_t, 4> address) noexcept;
[[nodiscard]] std::optional<std::string_view> refused_ipv6(const std::array<std::uint8_t, 16>& address) noexcept;

/// The same for an address in text form; "not an address" for anything else.
[[nodiscard]] std::optional<std::string_view> refused_address(std::string_view text);

} // namespace penstock
