#include "api/auth.hpp"

#include "api/http_server.hpp"

#include <sodium.h>

namespace penstock {
namespace {

constexpr std::string_view how = "; send \"Authorization: Bearer\" with an API key or token, or x-api-key";

unexpected<error> refused(std::string_view why) {
  return fail(errc::unauthorized, std::string{why} + std::string{how});
}

std::optional<jwt_rules> rules_from(const http_settings& s) {
  if (!s.jwt_secret || s.jwt_secret->empty()) return std::nullopt;
  return jwt_rules{*s.jwt_secret, s.jwt_require_exp, s.jwt_audience, s.jwt_issuer};
}

} // namespace

result<std::string_view> credential_of(const request& in) {
  const std::string_view* authorization = nullptr;
  const std::string_view* api_key = nullptr;
  for (const auto& h : in.headers) {
    auto*& place = equal_ignoring_case(h.name, "authorization") ? authorization : api_key;
    if (&place == &api_key && !equal_ignoring_case(h.name, "x-api-key")) continue;
    if (place) return refused("credentials are given twice");
    place = &h.value;
  }
  if (authorization) {
    const auto space = authorization->find(' ');
    if (space == std::string_view::npos || !equal_ignoring_case(authorization->substr(0, space), "bearer"))
      return refused("the Authorization header is not of the Bearer scheme");
    const auto credential = trimmed(authorization->substr(space + 1));
    if (credential.empty()) return refused("the credential is empty");
    return credential;
  }
  if (api_key && !api_key->empty()) return *api_key;
  return refused("credentials are missing");
}

authenticator::authenticator(operations& ops, const http_settings& settings, std::shared_ptr<clock_source> clock)
    : ops_(ops), clock_(std::move(clock)), rules_(rules_from(settings)), metrics_token_(settings.metrics_token) {}

result<caller> authenticator::identify(const request& in) const {
  const auto credential = credential_of(in);
  if (!credential) return unexpected(credential.error());
  if (!looks_like_jwt(*credential)) return ops_.authenticate(*credential);
  if (!rules_) return fail(errc::unauthorized, "tokens are not accepted: the server has no PENSTOCK_JWT_SECRET");
  return verify_jwt(*credential, *rules_, clock_->now());
}

bool authenticator::may_read_metrics(const request& in) const {
  if (metrics_token_.empty()) return true;
  const auto credential = credential_of(in);
  return credential && credential->size() == metrics_token_.size() &&
         sodium_memcmp(credential->data(), metrics_token_.data(), metrics_token_.size()) == 0;
}

} // namespace penstock
