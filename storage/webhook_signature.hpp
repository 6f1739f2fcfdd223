#pragma once

#include "runtime/model/time.hpp"

#include <string>
#include <string_view>
#include <vector>

/// HMAC-SHA256 over the raw bytes of webhooks, both ways.
namespace penstock {

/// Lower-case hex of HMAC-SHA256; the key is the secret's bytes as written, nothing is decoded.
[[nodiscard]] std::string hex_signature(std::string_view secret, std::string_view body);

/// Whether `given` is `hex_signature`, in either case, with or without `sha256=` before it. Takes the same time whatever
/// `given` holds.
[[nodiscard]] bool is_signed_with(std::string_view secret, std::string_view body, std::string_view given);

/// `webhook-signature` of the Standard Webhooks specification (1.0.0, "Webhook Headers"): for each secret, in order,
/// `v1,` and the base64 of HMAC-SHA256 over `id.seconds.body`, separated by spaces. The key is what a `whsec_` secret
/// holds in base64; of any other, or one that holds no base64, its bytes as written.
[[nodiscard]] std::string standard_signature(const std::vector<std::string>& secrets, std::string_view id, timestamp at,
                                             std::string_view body);

/// `whsec_` and 32 random bytes in base64.
[[nodiscard]] std::string make_webhook_secret();

} // namespace penstock
