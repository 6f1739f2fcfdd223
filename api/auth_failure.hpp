#pragma once

#include "runtime/error.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

/// Why credentials are refused: a closed set, the label of `penstock_authentication_failures_total`.
enum class auth_failure : std::uint8_t {
  missing,           ///< There are none.
  malformed,         ///< Given twice, of another scheme, empty; a token that is none.
  unknown_key,       ///< An API key that was never made.
  expired_key,       ///< An API key whose time is up.
  revoked_key,       ///< An API key that was revoked.
  tokens_off,        ///< A token of an algorithm for which this server has neither secret nor keys.
  unknown_algorithm, ///< A token that says another algorithm, or demands extensions.
  unknown_signer,    ///< A token whose `kid` and algorithm no key has.
  bad_signature,     ///< A token, or the body of an incoming webhook, that was not signed so.
  expired_token,     ///< `exp` is over, or missing where it is demanded.
  early_token,       ///< `nbf` has not come.
  bad_claims,        ///< Another audience or issuer, no workspace, a claim of the wrong kind.
};

inline constexpr std::array<std::string_view, 12> auth_failure_names{
  "missing",           "malformed",      "unknown_key",   "expired_key",   "revoked_key", "tokens_off",
  "unknown_algorithm", "unknown_signer", "bad_signature", "expired_token", "early_token", "bad_claims"};

[[nodiscard]] constexpr std::string_view to_text(auth_failure f) noexcept {
  return auth_failure_names[static_cast<std::size_t>(f)];
}

/// Credentials that are refused: why for the metrics, and what the client is told.
struct auth_refusal {
  auth_failure kind = auth_failure::malformed;
  error why; ///< `errc::unauthorized`, never quoting the credential.
};

[[nodiscard]] inline unexpected<auth_refusal> refuse(auth_failure kind, std::string why) {
  return unexpected(auth_refusal{kind, {errc::unauthorized, std::move(why), {}}});
}

} // namespace penstock
