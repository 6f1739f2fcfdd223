#pragma once

#include <string>
#include <string_view>

namespace penstock {

/// A new key: `gcs_live_sk_`, 160 random bits in base 32, and four characters of checksum, so that a typo is told from a
/// revoked key.
[[nodiscard]] std::string make_api_key();

/// What of a key may be shown: its prefix and four characters.
[[nodiscard]] std::string shown_prefix(std::string_view key);

} // namespace penstock
