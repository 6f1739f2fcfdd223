#pragma once

#include "actors/operations.hpp"
#include "runtime/error.hpp"
#include "runtime/model/time.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// How tokens are checked. The algorithm is HS256 and never taken from the token.
struct jwt_rules {
  std::string secret = {}; ///< The HMAC key, as written.
  bool require_exp = false;
  std::string audience = {}; ///< Checked if the token names one and this is set.
  std::string issuer = {};   ///< Likewise.
};

/// True for what looks like a token rather than an API key: three parts by dots, the first beginning as `{` does.
[[nodiscard]] bool looks_like_jwt(std::string_view credential) noexcept;

/// Verifies a compact JWS and its claims: `sub`, `workspace_id` (required), `scope` (by spaces), `exp`, `nbf`, `aud`, `iss`.
/// @returns `errc::unauthorized` saying which check failed, without quoting the token.
[[nodiscard]] result<caller> verify_jwt(std::string_view token, const jwt_rules& rules, timestamp now);

} // namespace penstock
