#include "api/jwt_keys.hpp"

#include "api/base64url.hpp"
#include "runtime/model/json.hpp"

#include <algorithm>
#include <array>

namespace penstock {
namespace {

constexpr std::size_t kid_bytes_max = 200;
/// Of private and symmetric keys (RFC 7518, section 6): what nobody but the issuer may have.
constexpr std::array<std::string_view, 7> private_members{"d", "p", "q", "dp", "dq", "qi", "k"};
constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view dashes = "-----";

unexpected<error> wrong(std::string why) { return fail(errc::invalid_argument, std::move(why)); }

std::string_view text_of(const value& jwk, std::string_view name) {
  const auto* v = jwk.find(name);
  return v && v->as_string() ? std::string_view{*v->as_string()} : std::string_view{};
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

/// Why a well-formed key is none of ours, empty if it is.
std::string not_for_us(const value& jwk) {
  const auto kty = text_of(jwk, "kty"), alg = text_of(jwk, "alg"), crv = text_of(jwk, "crv");
  if (jwk.find("use") && text_of(jwk, "use") != "sig") return "it is not for signatures (use)";
  if (const auto* ops = jwk.find("key_ops"); ops && ops->as_list()) {
    const auto& all = *ops->as_list();
    if (std::find(all.begin(), all.end(), value{"verify"}) == all.end()) return "it is not for verifying (key_ops)";
  }
  const bool any = alg.empty();
  if (kty == "RSA") return any || alg == "RS256" ? "" : "of RSA only RS256 is known here";
  if (kty == "EC") return crv == "P-256" && (any || alg == "ES256") ? "" : "of EC only P-256 with ES256 is known here";
  if (kty == "OKP")
    return crv == "Ed25519" && (any || is_one_of(alg, {"EdDSA", "Ed25519"})) ? "" : "of OKP only Ed25519 is known here";
  return "its kty is not known here";
}

/// Why a key must not be in the file at all, empty if it may.
std::string refused_at_sight(const value& jwk) {
  if (!jwk.as_object()) return "is no JSON object";
  if (text_of(jwk, "kty").empty()) return "has no kty";
  if (text_of(jwk, "kty") == "oct") return "is symmetric (oct): a shared secret belongs into PENSTOCK_JWT_SECRET";
  for (const auto name : private_members)
    if (jwk.find(name)) return "is a private key (" + std::string{name} + "): only its public part belongs here";
  if (const auto* kid = jwk.find("kid"); kid && (!kid->as_string() || kid->as_string()->size() > kid_bytes_max))
    return "has a kid that is no text of at most 200 bytes";
  return {};
}

result<std::string> bytes_of(const value& jwk, std::string_view name) {
  auto bytes = decode_base64url(text_of(jwk, name));
  if (!bytes || bytes->empty()) return wrong("its " + std::string{name} + " is missing or no base64url");
  return std::move(*bytes);
}

result<public_key> read_public_key(const value& jwk) {
  const auto kty = text_of(jwk, "kty");
  const auto first = bytes_of(jwk, kty == "RSA" ? "n" : "x");
  if (!first) return unexpected(first.error());
  if (kty == "OKP") return public_key::from_ed25519(*first);
  const auto second = bytes_of(jwk, kty == "RSA" ? "e" : "y");
  if (!second) return unexpected(second.error());
  return kty == "RSA" ? public_key::from_rsa(*first, *second) : public_key::from_p256(*first, *second);
}

} // namespace

result<void> jwt_key_set::add(std::optional<std::string> kid, result<public_key> key, const std::string& place) {
  if (!key) return wrong(place + ": " + key.error().message);
  const auto same = [&](const entry& e) { return e.kid && e.kid == kid && e.key.algorithm() == key->algorithm(); };
  if (std::any_of(keys_.begin(), keys_.end(), same)) return wrong(place + " has the kid of another key");
  if (keys_.size() == keys_max) return wrong("there are more than " + std::to_string(keys_max) + " keys");
  keys_.push_back({std::move(kid), std::move(*key)});
  return {};
}

result<void> jwt_key_set::read_set(std::string_view json) {
  const auto document = read_json(json, {.bytes_max = bytes_max, .depth_max = 8, .nodes_max = 20'000});
  if (!document) return wrong(document.error().message);
  const auto* keys = document->find("keys");
  if (!document->find("kty") && !(keys && keys->as_list()))
    return wrong("there is no list `keys`, as a JWK Set has it");
  const value::list alone{*document};
  const auto& all = keys && keys->as_list() ? *keys->as_list() : alone;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto kid = text_of(all[i], "kid");
    const auto place = "keys[" + std::to_string(i) + "]" + (kid.empty() ? "" : " (kid " + std::string{kid} + ")");
    if (const auto why = refused_at_sight(all[i]); !why.empty()) return wrong(place + " " + why);
    if (auto why = not_for_us(all[i]); !why.empty()) {
      left_out_.push_back(place + ": " + std::move(why));
      continue;
    }
    auto added =
      add(all[i].find("kid") ? std::optional{std::string{kid}} : std::nullopt, read_public_key(all[i]), place);
    if (!added) return added;
  }
  return {};
}

result<void> jwt_key_set::read_pem(std::string_view text) {
  for (auto at = text.find(begin_mark); at != std::string_view::npos; at = text.find(begin_mark)) {
    text.remove_prefix(at);
    const auto place = "PEM block " + std::to_string(keys_.size() + 1);
    const auto label_end = text.find(dashes, begin_mark.size());
    const std::string label{text.substr(begin_mark.size(), std::min(label_end, text.size()) - begin_mark.size())};
    const auto end_mark = "-----END " + label + "-----";
    const auto end = text.find(end_mark);
    if (end == std::string_view::npos) return wrong(place + " has no end");
    if (label != "PUBLIC KEY")
      return wrong(place + " is not a PUBLIC KEY, as `openssl pkey -pubout` or `openssl x509 -pubkey` prints it");
    auto added = add(std::nullopt, public_key::from_pem(text.substr(0, end + end_mark.size())), place);
    if (!added) return added;
    text.remove_prefix(end + end_mark.size());
  }
  return {};
}

result<jwt_key_set> jwt_key_set::parse(std::string_view text) {
  jwt_key_set out;
  if (text.size() > bytes_max) return wrong("it is larger than 1 MiB");
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && text[first] == '{';
  if (!is_json && text.find(begin_mark) == std::string_view::npos)
    return wrong("it is neither a JWK Set (JSON) nor PEM public keys");
  auto done = is_json ? out.read_set(text) : out.read_pem(text);
  if (!done) return unexpected(std::move(done).error());
  if (out.keys_.empty())
    return wrong("it holds no key for RS256, ES256 or EdDSA" +
                 (out.left_out_.empty() ? std::string{} : "; " + out.left_out_.front()));
  return out;
}

jwt_key_set::verdict jwt_key_set::verify(jwt_algorithm by, const std::string* kid, std::string_view text,
                                         std::string_view signature) const {
  auto out = verdict::no_such_key;
  for (const auto& e : keys_) {
    if (e.key.algorithm() != by || (kid && e.kid && *e.kid != *kid)) continue;
    if (e.key.verifies(text, signature)) return verdict::good;
    out = verdict::bad_signature;
  }
  return out;
}

} // namespace penstock
