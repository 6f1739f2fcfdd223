#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace penstock {

/// Why outbound calls on behalf of users may not go to an address: "loopback", "private", "link-local", …; nothing for
/// an address of the public internet. IPv6 forms that stand for an IPv4 address (mapped, compatible, NAT64, 6to4) are
/// judged by that. After the IANA special-purpose address registries (RFC 6890 and successors). Pure.
[[nodiscard]] std::optional<std::string_view> refused_ipv4(std::array<std::uint8_t, 4> address) noexcept;
[[nodiscard]] std::optional<std::string_view> refused_ipv6(const std::array<std::uint8_t, 16>& address) noexcept;

/// The same for an address in text form; "not an address" for anything else.
[[nodiscard]] std::optional<std::string_view> refused_address(std::string_view text);

/// The same for an address as sockets take it; "not an internet" for one of another family.
[[nodiscard]] std::optional<std::string_view> refused_address(const sockaddr& address);

/// An internet address of a socket as text, without its port.
[[nodiscard]] std::string text_of(const sockaddr& address);

} // namespace penstock
