#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Decodes base64url without padding (RFC 4648, section 5), strictly: nothing else in between, no stray bits at the end.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

} // namespace penstock
