#pragma once

#include "actors/operations.hpp"
#include "api/auth_failure.hpp"
#include "api/jwt.hpp"
#include "api/jwt_key_file.hpp"
#include "api/request.hpp"
#include "api/token_cache.hpp"
#include "runtime/seams.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace penstock {

struct http_settings;

/// Tells who sends a request: `Authorization: Bearer <API key or token>`, or `x-api-key: <API key>`. Thread-safe.
class authenticator {
public:
  /// `ops` must outlive it. `keys` verify tokens beside the secret of the settings; may be null.
  authenticator(operations& ops, const http_settings& settings, std::shared_ptr<clock_source> clock,
                std::shared_ptr<const jwt_key_file> keys = nullptr);
  ~authenticator();

  [[nodiscard]] expected<caller, auth_refusal> identify(const request& in) const;

  /// Whether the request may read `/metrics`.
  [[nodiscard]] bool may_read_metrics(const request& in) const;

private:
  [[nodiscard]] expected<caller, auth_refusal> identify_token(std::string_view token) const;

  operations& ops_;
  std::shared_ptr<clock_source> clock_;
  std::shared_ptr<const jwt_key_file> keys_;
  jwt_rules rules_; ///< But for the keys.
  std::unique_ptr<token_cache> verified_;
  std::string metrics_token_;
};

/// The credential of a request: that of `Authorization: Bearer`, else of `x-api-key`.
/// Refused if there is none, more than one of a kind, or of another scheme.
[[nodiscard]] expected<std::string_view, auth_refusal> credential_of(const request& in);

} // namespace penstock
