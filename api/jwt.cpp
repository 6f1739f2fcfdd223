#include "api/jwt.hpp"

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

unexpected<error> refused(std::string why) {
  return fail(errc::unauthorized, "the token is refused: " + std::move(why));
}

/// Decodes unpadded base64url strictly.
std::optional<std::string> decode_base64url(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int bad = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(),
                                    nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (bad != 0 || end != text.data() + text.size()) return std::nullopt;
  out.resize(size);
  return out;
}

std::optional<value> decode_object(std::string_view part) {
  const auto text = decode_base64url(part);
  if (!text) return std::nullopt;
  auto parsed = read_json(*text, {.bytes_max = token_bytes_max, .depth_max = 8, .nodes_max = 1'000});
  if (!parsed || !parsed->as_object()) return std::nullopt;
  return std::move(*parsed);
}

bool signature_matches(std::string_view signed_part, std::string_view signature, std::string_view secret) {
  const auto given = decode_base64url(signature);
  if (!given || given->size() != crypto_auth_hmacsha256_BYTES) return false;
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  // The streaming form takes keys of any length, as RFC 2104 has it; the one-shot form only 32 bytes.
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return sodium_memcmp(mac.data(), given->data(), mac.size()) == 0;
}

result<void> check_header(std::string_view part) {
  const auto header = decode_object(part);
  if (!header) return refused("its header is not a JSON object");
  const auto* alg = header->find("alg");
  if (!alg || !alg->as_string() || *alg->as_string() != "HS256") return refused("its algorithm is not HS256");
  if (header->find("crit")) return refused("it demands extensions (crit) that are not supported");
  const auto* typ = header->find("typ");
  if (typ && !typ->as_string()) return refused("its typ is not text");
  return {};
}

/// Seconds since the epoch of a date claim; nothing if it is absent.
result<std::optional<double>> date_claim(const value& claims, std::string_view name) {
  const auto* v = claims.find(name);
  if (!v) return std::optional<double>{};
  if (!v->is_number() || v->number() < 0) return refused("its " + std::string{name} + " is not a time in seconds");
  return std::optional{v->number()};
}

result<void> check_dates(const value& claims, const jwt_rules& rules, timestamp now) {
  const double seconds = static_cast<double>(to_ms(now)) / 1000;
  const auto exp = date_claim(claims, "exp");
  if (!exp) return unexpected(exp.error());
  if (!*exp && rules.require_exp) return refused("it has no exp, which this server demands");
  if (*exp && seconds >= **exp) return refused("it has expired");
  const auto nbf = date_claim(claims, "nbf");
  if (!nbf) return unexpected(nbf.error());
  if (*nbf && seconds < **nbf) return refused("it is not valid yet");
  const auto iat = date_claim(claims, "iat");
  if (!iat) return unexpected(iat.error());
  return {};
}

result<void> check_audience(const value& claims, const std::string& wanted) {
  const auto* aud = claims.find("aud");
  if (!aud) return {};
  bool meant = wanted.empty();
  if (const auto* one = aud->as_string()) {
    meant = meant || *one == wanted;
  } else if (const auto* several = aud->as_list()) {
    for (const auto& entry : *several) {
      if (!entry.as_string()) return refused("its aud is not text");
      meant = meant || *entry.as_string() == wanted;
    }
  } else {
    return refused("its aud is not text");
  }
  return meant ? result<void>{} : refused("it is meant for another audience");
}

result<void> check_issuer(const value& claims, const std::string& wanted) {
  const auto* iss = claims.find("iss");
  if (!iss) return {};
  if (!iss->as_string()) return refused("its iss is not text");
  return wanted.empty() || *iss->as_string() == wanted ? result<void>{} : refused("it comes from another issuer");
}

/// Unknown scopes are another service's and mean nothing here.
result<scope_set> read_scopes(const value& claims) {
  const auto* v = claims.find("scope");
  if (!v) return scope_set{0};
  if (!v->as_string()) return refused("its scope is not text");
  scope_set set = 0;
  std::string_view rest = *v->as_string();
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (const auto s = parse_scope(rest.substr(0, end))) set |= static_cast<scope_set>(*s);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return set;
}

result<caller> read_caller(const value& claims) {
  const auto* workspace = claims.find("workspace_id");
  if (!workspace || !workspace->as_string()) return refused("it has no workspace_id");
  const auto id = parse_uuid(*workspace->as_string());
  if (!id || id->is_nil()) return refused("its workspace_id is not a UUID");
  const auto* subject = claims.find("sub");
  if (subject && !subject->as_string()) return refused("its sub is not text");
  const auto scopes = read_scopes(claims);
  if (!scopes) return unexpected(scopes.error());
  return caller{workspace_id{*id}, subject ? *subject->as_string() : std::string{}, *scopes};
}

} // namespace

bool looks_like_jwt(std::string_view credential) noexcept {
  return credential.starts_with("ey") && std::count(credential.begin(), credential.end(), '.') == 2;
}

result<caller> verify_jwt(std::string_view token, const jwt_rules& rules, timestamp now) {
  if (token.size() > token_bytes_max) return refused("it is longer than 8 KiB");
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return refused("it has not three parts");
  // The signature comes first: nothing of an unsigned token is looked at but the algorithm.
  if (auto good = check_header(token.substr(0, first)); !good) return unexpected(good.error());
  if (!signature_matches(token.substr(0, second), token.substr(second + 1), rules.secret))
    return refused("its signature does not match");
  const auto claims = decode_object(token.substr(first + 1, second - first - 1));
  if (!claims) return refused("its claims are not a JSON object without repeated names");
  if (auto good = check_dates(*claims, rules, now); !good) return unexpected(good.error());
  if (auto good = check_audience(*claims, rules.audience); !good) return unexpected(good.error());
  if (auto good = check_issuer(*claims, rules.issuer); !good) return unexpected(good.error());
  return read_caller(*claims);
}

} // namespace penstock
