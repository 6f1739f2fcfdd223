#pragma once

#include "actors/operations.hpp"
#include "api/jwt.hpp"
#include "api/request.hpp"
#include "runtime/seams.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace penstock {

struct http_settings;

/// Tells who sends a request: `Authorization: Bearer <API key or token>`, or `x-api-key: <API key>`.
class authenticator {
public:
  /// `ops` must outlive it.
  authenticator(operations& ops, const http_settings& settings, std::shared_ptr<clock_source> clock);

  /// @returns `errc::unauthorized` with the reason, never with the credential.
  [[nodiscard]] result<caller> identify(const request& in) const;

  /// Whether the request may read `/metrics`.
  [[nodiscard]] bool may_read_metrics(const request& in) const;

private:
  operations& ops_;
  std::shared_ptr<clock_source> clock_;
  std::optional<jwt_rules> rules_; ///< None: tokens are refused.
  std::string metrics_token_;
};

/// The credential of a request: that of `Authorization: Bearer`, else of `x-api-key`.
/// @returns `errc::unauthorized` if there is none, more than one of a kind, or of another scheme.
[[nodiscard]] result<std::string_view> credential_of(const request& in);

} // namespace penstock
