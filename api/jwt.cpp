#include "api/jwt.hpp"

#include "api/base64url.hpp"
#include "runtime/model/json.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace penstock {
namespace {

constexpr std::size_t token_bytes_max = 8u << 10;
constexpr std::size_t subject_bytes_max = 255;
constexpr std::size_t kid_bytes_max = 200;
/// Seconds since the epoch of the end of the year 9999; later ends are as good as none.
constexpr double latest_seconds = 253'402'300'799;

template <class T>
using checked = expected<T, auth_refusal>;

unexpected<auth_refusal> refused(auth_failure kind, std::string why) {
  return refuse(kind, "the token is refused: " + std::move(why));
}

std::optional<value> decode_object(std::string_view part) {
  const auto text = decode_base64url(part);
  if (!text) return std::nullopt;
  auto parsed = read_json(*text, {.bytes_max = token_bytes_max, .depth_max = 8, .nodes_max = 1'000});
  if (!parsed || !parsed->as_object()) return std::nullopt;
  return std::move(*parsed);
}

bool hmac_matches(std::string_view text, std::string_view given, std::string_view secret) {
  if (given.size() != crypto_auth_hmacsha256_BYTES) return false;
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  // The streaming form takes keys of any length, as RFC 2104 has it; the one-shot form only 32 bytes.
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return sodium_memcmp(mac.data(), given.data(), mac.size()) == 0;
}

/// What of the header decides how the signature is checked.
struct signing {
  jwt_algorithm by = jwt_algorithm::hs256;
  std::optional<std::string> kid;
};

std::optional<jwt_algorithm> parse_algorithm(const value* alg) {
  if (!alg || !alg->as_string()) return std::nullopt;
  const auto& name = *alg->as_string();
  if (name == "HS256") return jwt_algorithm::hs256;
  if (name == "RS256") return jwt_algorithm::rs256;
  if (name == "ES256") return jwt_algorithm::es256;
  // The second is the name of RFC 9864 for the same.
  if (name == "EdDSA" || name == "Ed25519") return jwt_algorithm::eddsa;
  return std::nullopt;
}

checked<signing> read_header(std::string_view part) {
  const auto header = decode_object(part);
  if (!header) return refused(auth_failure::malformed, "its header is not a JSON object without repeated names");
  const auto by = parse_algorithm(header->find("alg"));
  if (!by) return refused(auth_failure::unknown_algorithm, "its algorithm is not HS256, RS256, ES256 or EdDSA");
  if (header->find("crit"))
    return refused(auth_failure::unknown_algorithm, "it demands extensions (crit) that are not supported");
  if (const auto* typ = header->find("typ"); typ && !typ->as_string())
    return refused(auth_failure::malformed, "its typ is not text");
  signing out{*by, std::nullopt};
  if (const auto* kid = header->find("kid")) {
    if (!kid->as_string() || kid->as_string()->size() > kid_bytes_max)
      return refused(auth_failure::malformed, "its kid is not text of at most 200 bytes");
    out.kid = *kid->as_string();
  }
  return out;
}

checked<void> check_signature(const signing& how, std::string_view text, std::string_view signature,
                              const jwt_rules& rules) {
  const auto mismatch = refused(auth_failure::bad_signature, "its signature does not match");
  const auto given = decode_base64url(signature);
  if (how.by == jwt_algorithm::hs256) {
    if (rules.secret.empty())
      return refused(auth_failure::tokens_off, "HS256 is not accepted, as the server has no PENSTOCK_JWT_SECRET");
    if (!given || !hmac_matches(text, *given, rules.secret)) return mismatch;
    return {};
  }
  if (!rules.keys)
    return refused(auth_failure::tokens_off, "its algorithm is not accepted, as the server has no --jwt-keys");
  if (!given) return mismatch;
  switch (rules.keys->verify(how.by, how.kid ? &*how.kid : nullptr, text, *given)) {
    case jwt_key_set::verdict::good: return {};
    case jwt_key_set::verdict::bad_signature: return mismatch;
    case jwt_key_set::verdict::no_such_key: break;
  }
  return refused(auth_failure::unknown_signer, "no key of the server has its algorithm and kid");
}

/// Seconds since the epoch of a date claim; nothing if it is absent.
checked<std::optional<double>> date_claim(const value& claims, std::string_view name) {
  const auto* v = claims.find(name);
  if (!v) return std::optional<double>{};
  if (!v->is_number() || v->number() < 0)
    return refused(auth_failure::bad_claims, "its " + std::string{name} + " is not a time in seconds");
  return std::optional{v->number()};
}

/// @returns when it ends, if it does.
checked<std::optional<timestamp>> check_dates(const value& claims, const jwt_rules& rules, timestamp now) {
  const double seconds = static_cast<double>(to_ms(now)) / 1000;
  const auto leeway = static_cast<double>(rules.leeway.count());
  const auto exp = date_claim(claims, "exp");
  if (!exp) return unexpected(exp.error());
  if (!*exp && rules.require_exp)
    return refused(auth_failure::expired_token, "it has no exp, which this server demands");
  if (*exp && seconds >= **exp + leeway) return refused(auth_failure::expired_token, "it has expired");
  const auto nbf = date_claim(claims, "nbf");
  if (!nbf) return unexpected(nbf.error());
  if (*nbf && seconds + leeway < **nbf) return refused(auth_failure::early_token, "it is not valid yet");
  const auto iat = date_claim(claims, "iat");
  if (!iat) return unexpected(iat.error());
  if (!*exp || **exp > latest_seconds) return std::optional<timestamp>{};
  return std::optional{from_ms(static_cast<std::int64_t>(std::ceil((**exp + leeway) * 1000)))};
}

checked<void> check_audience(const value& claims, const std::string& wanted) {
  const auto* aud = claims.find("aud");
  if (!aud) return {};
  bool meant = wanted.empty();
  if (const auto* one = aud->as_string()) {
    meant = meant || *one == wanted;
  } else if (const auto* several = aud->as_list()) {
    for (const auto& entry : *several) {
      if (!entry.as_string()) return refused(auth_failure::bad_claims, "its aud is not text");
      meant = meant || *entry.as_string() == wanted;
    }
  } else {
    return refused(auth_failure::bad_claims, "its aud is not text");
  }
  if (!meant) return refused(auth_failure::bad_claims, "it is meant for another audience");
  return {};
}

checked<void> check_issuer(const value& claims, const std::string& wanted) {
  const auto* iss = claims.find("iss");
  if (!iss) return {};
  if (!iss->as_string()) return refused(auth_failure::bad_claims, "its iss is not text");
  if (!wanted.empty() && *iss->as_string() != wanted)
    return refused(auth_failure::bad_claims, "it comes from another issuer");
  return {};
}

/// Unknown scopes are another service's and mean nothing here.
checked<scope_set> read_scopes(const value& claims) {
  const auto* v = claims.find("scope");
  if (!v) return scope_set{0};
  if (!v->as_string()) return refused(auth_failure::bad_claims, "its scope is not text");
  scope_set set = 0;
  std::string_view rest = *v->as_string();
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (const auto s = parse_scope(rest.substr(0, end))) set |= static_cast<scope_set>(*s);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return set;
}

/// All tokens of one subject in one workspace count as one.
uuid counted_as(workspace_id workspace, std::string_view subject) {
  const auto text = std::string{workspace.view()}.append(subject);
  uuid out;
  crypto_generichash(out.bytes.data(), out.bytes.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), nullptr, 0);
  return out;
}

checked<caller> read_caller(const value& claims) {
  const auto* workspace = claims.find("workspace_id");
  if (!workspace || !workspace->as_string()) return refused(auth_failure::bad_claims, "it has no workspace_id");
  const auto id = parse_uuid(*workspace->as_string());
  if (!id || id->is_nil()) return refused(auth_failure::bad_claims, "its workspace_id is not a UUID");
  const auto* sub = claims.find("sub");
  if (sub && (!sub->as_string() || sub->as_string()->size() > subject_bytes_max))
    return refused(auth_failure::bad_claims, "its sub is not text of at most 255 bytes");
  const auto scopes = read_scopes(claims);
  if (!scopes) return unexpected(scopes.error());
  caller out{workspace_id{*id}, sub ? *sub->as_string() : std::string{}, *scopes};
  out.counted_as = counted_as(out.workspace, out.subject);
  return out;
}

} // namespace

bool looks_like_jwt(std::string_view credential) noexcept {
  return credential.starts_with("ey") && std::count(credential.begin(), credential.end(), '.') == 2;
}

expected<caller, auth_refusal> verify_jwt(std::string_view token, const jwt_rules& rules, timestamp now) {
  if (token.size() > token_bytes_max) return refused(auth_failure::malformed, "it is longer than 8 KiB");
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos)
    return refused(auth_failure::malformed, "it has not three parts");
  // The signature comes first: nothing of an unsigned token is looked at but how it says it was signed.
  const auto how = read_header(token.substr(0, first));
  if (!how) return unexpected(how.error());
  if (auto good = check_signature(*how, token.substr(0, second), token.substr(second + 1), rules); !good)
    return unexpected(good.error());
  const auto claims = decode_object(token.substr(first + 1, second - first - 1));
  if (!claims) return refused(auth_failure::bad_claims, "its claims are not a JSON object without repeated names");
  const auto ends = check_dates(*claims, rules, now);
  if (!ends) return unexpected(ends.error());
  if (auto good = check_audience(*claims, rules.audience); !good) return unexpected(good.error());
  if (auto good = check_issuer(*claims, rules.issuer); !good) return unexpected(good.error());
  auto who = read_caller(*claims);
  if (who) who->expires_at = *ends;
  return who;
}

} // namespace penstock
