#include "api/auth.hpp"

#include "api/http_server.hpp"

#include <sodium.h>

namespace penstock {
namespace {

constexpr std::string_view how = "; send \"Authorization: Bearer\" with an API key or token, or x-api-key";

unexpected<auth_refusal> refused(auth_failure kind, std::string_view why) {
  return refuse(kind, std::string{why} + std::string{how});
}

jwt_rules rules_from(const http_settings& s) {
  jwt_rules rules;
  rules.secret = s.jwt_secret.value_or("");
  rules.require_exp = s.jwt_require_exp;
  rules.audience = s.jwt_audience;
  rules.issuer = s.jwt_issuer;
  rules.leeway = s.jwt_leeway;
  return rules;
}

auth_failure kind_of(key_refusal why) noexcept {
  switch (why) {
    case key_refusal::unknown: return auth_failure::unknown_key;
    case key_refusal::expired: return auth_failure::expired_key;
    case key_refusal::revoked: return auth_failure::revoked_key;
  }
  return auth_failure::unknown_key;
}

} // namespace

expected<std::string_view, auth_refusal> credential_of(const request& in) {
  const std::string_view* authorization = nullptr;
  const std::string_view* api_key = nullptr;
  for (const auto& h : in.headers) {
    auto*& place = equal_ignoring_case(h.name, "authorization") ? authorization : api_key;
    if (&place == &api_key && !equal_ignoring_case(h.name, "x-api-key")) continue;
    if (place) return refused(auth_failure::malformed, "credentials are given twice");
    place = &h.value;
  }
  if (authorization) {
    const auto space = authorization->find(' ');
    if (space == std::string_view::npos || !equal_ignoring_case(authorization->substr(0, space), "bearer"))
      return refused(auth_failure::malformed, "the Authorization header is not of the Bearer scheme");
    const auto credential = trimmed(authorization->substr(space + 1));
    if (credential.empty()) return refused(auth_failure::malformed, "the credential is empty");
    return credential;
  }
  if (api_key && !api_key->empty()) return *api_key;
  return refused(auth_failure::missing, "credentials are missing");
}

authenticator::authenticator(operations& ops, const http_settings& settings, std::shared_ptr<clock_source> clock,
                             std::shared_ptr<const jwt_key_file> keys)
    : ops_(ops), clock_(std::move(clock)), keys_(std::move(keys)), rules_(rules_from(settings)),
      verified_(std::make_unique<token_cache>()), metrics_token_(settings.metrics_token) {}

authenticator::~authenticator() = default;

expected<caller, auth_refusal> authenticator::identify(const request& in) const {
  const auto credential = credential_of(in);
  if (!credential) return unexpected(credential.error());
  if (looks_like_jwt(*credential)) return identify_token(*credential);
  auto who = ops_.authenticate(*credential);
  if (!who) return refuse(kind_of(who.error()), std::string{to_text(who.error())});
  return std::move(*who);
}

expected<caller, auth_refusal> authenticator::identify_token(std::string_view token) const {
  if (rules_.secret.empty() && !keys_)
    return refuse(auth_failure::tokens_off,
                  "tokens are not accepted: the server has neither PENSTOCK_JWT_SECRET nor --jwt-keys");
  const auto now = clock_->now();
  const auto digest = verified_->digest_of(token);
  if (auto known = verified_->find(digest, keys_ ? keys_->version() : 0, now)) return std::move(*known);
  const auto keys = keys_ ? keys_->current() : jwt_key_file::snapshot{};
  auto rules = rules_;
  rules.keys = keys.keys.get();
  auto who = verify_jwt(token, rules, now);
  if (who) verified_->put(digest, *who, keys.version, now);
  return who;
}

bool authenticator::may_read_metrics(const request& in) const {
  if (metrics_token_.empty()) return true;
  const auto credential = credential_of(in);
  return credential && credential->size() == metrics_token_.size() &&
         sodium_memcmp(credential->data(), metrics_token_.data(), metrics_token_.size()) == 0;
}

} // namespace penstock
