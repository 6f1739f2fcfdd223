#pragma once

#include "actors/caller.hpp"
#include "api/auth_failure.hpp"
#include "api/jwt_keys.hpp"
#include "runtime/model/time.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace penstock {

/// How tokens are checked. Which key may verify which algorithm is fixed by the key, never by the token.
struct jwt_rules {
  std::string secret = {};           ///< The HMAC key of HS256, as written; empty: HS256 is refused.
  const jwt_key_set* keys = nullptr; ///< Of RS256, ES256 and EdDSA; null: these are refused.
  bool require_exp = false;
  std::string audience = {};      ///< Checked if the token names one and this is set.
  std::string issuer = {};        ///< Likewise.
  std::chrono::seconds leeway{0}; ///< How far `exp` may be over and `nbf` to come.
};

/// True for what looks like a token rather than an API key: three parts by dots, the first beginning as `{` does.
[[nodiscard]] bool looks_like_jwt(std::string_view credential) noexcept;

/// Verifies a compact JWS and its claims: `sub`, `workspace_id` (required), `scope` (by spaces), `exp`, `nbf`, `aud`, `iss`.
/// Header fields that point to keys (`jku`, `x5u`, `jwk`, `x5c`) are not looked at.
[[nodiscard]] expected<caller, auth_refusal> verify_jwt(std::string_view token, const jwt_rules& rules, timestamp now);

} // namespace penstock
