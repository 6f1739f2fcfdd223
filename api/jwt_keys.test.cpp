#include "api/jwt_keys.hpp"

#include "api/jwt.hpp"
#include "api/jwt_key_file.hpp"
#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

using namespace penstock;
using Catch::Matchers::Contains;

namespace {

constexpr auto now_ms = 1'700'000'000'000;
constexpr std::string_view claims =
  R"({"sub":"u-1","workspace_id":"9c1f0e2a-1111-7222-8333-444455556666","scope":"read:jobs"})";

std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();
  return out;
}

std::string number_text(EVP_PKEY* key, const char* name, int bytes = 0) {
  BIGNUM* n = nullptr;
  REQUIRE(EVP_PKEY_get_bn_param(key, name, &n) == 1);
  std::string out(static_cast<std::size_t>(bytes > 0 ? bytes : BN_num_bytes(n)), '\0');
  BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  BN_free(n);
  return base64url(out);
}

/// A pair of keys as an issuer of tokens has one.
struct issuer {
  explicit issuer(EVP_PKEY* key) : pair(key, &EVP_PKEY_free) { REQUIRE(key); }

  [[nodiscard]] std::string pem() const {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> out{BIO_new(BIO_s_mem()), &BIO_free_all};
    PEM_write_bio_PUBKEY(out.get(), pair.get());
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  [[nodiscard]] std::string sign(std::string_view text) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const bool ed = EVP_PKEY_is_a(pair.get(), "ED25519") == 1;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr, ed ? nullptr : EVP_sha256(), nullptr, pair.get()) == 1);
    std::string out(1'024, '\0');
    std::size_t size = out.size();
    REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()) ==
            1);
    out.resize(size);
    return EVP_PKEY_is_a(pair.get(), "EC") ? raw_of(out) : out;
  }

  /// r and s of a DER signature.
  static std::string raw_of(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* s = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    REQUIRE(s);
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(s), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(s), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(s);
    return raw;
  }

  [[nodiscard]] std::string token(std::string_view header, std::string_view said = claims) const {
    const auto text = base64url(header) + "." + base64url(said);
    return text + "." + base64url(sign(text));
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair;
};

const issuer& rsa() {
  static const issuer one{EVP_RSA_gen(2048)};
  return one;
}
const issuer& ec() {
  static const issuer one{EVP_EC_gen("P-256")};
  return one;
}
const issuer& ed() {
  static const issuer one{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  return one;
}

std::string rsa_jwk(std::string_view more = "", const issuer& of = rsa()) {
  return R"({"kty":"RSA","n":")" + number_text(of.pair.get(), OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
         number_text(of.pair.get(), OSSL_PKEY_PARAM_RSA_E) + "\"" + std::string{more} + "}";
}
std::string ec_jwk(std::string_view more = "") {
  return R"({"kty":"EC","crv":"P-256","x":")" + number_text(ec().pair.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32) +
         R"(","y":")" + number_text(ec().pair.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32) + "\"" + std::string{more} + "}";
}
std::string ed_jwk(std::string_view more = "") {
  std::string point(32, '\0');
  std::size_t size = point.size();
  EVP_PKEY_get_raw_public_key(ed().pair.get(), reinterpret_cast<unsigned char*>(point.data()), &size);
  return R"({"kty":"OKP","crv":"Ed25519","x":")" + base64url(point) + "\"" + std::string{more} + "}";
}

std::string set_of(std::initializer_list<std::string> keys) {
  std::string out = R"({"keys":[)";
  for (const auto& key : keys) out += (out.back() == '[' ? "" : ",") + key;
  return out + "]}";
}

std::string refusal(const std::string& text) {
  const auto keys = jwt_key_set::parse(text);
  return keys ? "accepted" : keys.error().message;
}

expected<caller, auth_refusal> verify(const std::string& token, const jwt_key_set& keys, std::string secret = {}) {
  return verify_jwt(token, {.secret = std::move(secret), .keys = &keys}, from_ms(now_ms));
}

std::string failure(const std::string& token, const jwt_key_set& keys, std::string secret = {}) {
  const auto out = verify(token, keys, std::move(secret));
  return out ? "accepted" : std::string{to_text(out.error().kind)};
}

} // namespace

TEST_CASE("tokens of all algorithms are verified by keys of a set and of PEM", "[jwt]") {
  const auto from_set = jwt_key_set::parse(set_of({rsa_jwk(R"(,"kid":"r","alg":"RS256","use":"sig")"),
                                                   ec_jwk(R"(,"kid":"e")"), ed_jwk(R"(,"kid":"d","alg":"EdDSA")")}));
  const auto from_pem = jwt_key_set::parse("comment\n" + rsa().pem() + ec().pem() + "\n" + ed().pem());
  REQUIRE(from_set);
  REQUIRE(from_pem);
  CHECK(from_set->size() == 3);
  CHECK(from_pem->size() == 3);
  for (const auto* keys : {&*from_set, &*from_pem}) {
    CHECK(verify(rsa().token(R"({"alg":"RS256","typ":"JWT","kid":"r"})"), *keys)->subject == "u-1");
    CHECK(verify(rsa().token(R"({"alg":"RS256"})"), *keys)->subject == "u-1");
    CHECK(verify(ec().token(R"({"alg":"ES256","kid":"e"})"), *keys)->subject == "u-1");
    CHECK(verify(ed().token(R"({"alg":"EdDSA","kid":"d"})"), *keys)->subject == "u-1");
    CHECK(verify(ed().token(R"({"alg":"Ed25519"})"), *keys)->subject == "u-1");
  }
  const auto single = jwt_key_set::parse(ec_jwk());
  REQUIRE(single);
  CHECK(verify(ec().token(R"({"alg":"ES256"})"), *single).has_value());
}

TEST_CASE("a key verifies its own algorithm and no other", "[jwt]") {
  const auto keys = jwt_key_set::parse(set_of({rsa_jwk(R"(,"kid":"r")"), ec_jwk(R"(,"kid":"e")")}));
  REQUIRE(keys);
  // Key confusion: the public key's text as the secret of an HMAC.
  const auto text = base64url(R"({"alg":"HS256","kid":"r"})") + "." + base64url(claims);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  const auto pem = rsa().pem();
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(pem.data()), pem.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  const auto confused = text + "." + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
  CHECK(failure(confused, *keys) == "tokens_off");
  CHECK(failure(confused, *keys, "the server's secret") == "bad_signature");

  CHECK(failure(rsa().token(R"({"alg":"ES256"})"), *keys) == "bad_signature");
  CHECK(failure(rsa().token(R"({"alg":"EdDSA"})"), *keys) == "unknown_signer");
  CHECK(failure(rsa().token(R"({"alg":"RS256","kid":"e"})"), *keys) == "unknown_signer");
  CHECK(failure(rsa().token(R"({"alg":"RS256","kid":"gone"})"), *keys) == "unknown_signer");
  CHECK(failure(rsa().token(R"({"alg":"RS512"})"), *keys) == "unknown_algorithm");
  CHECK(failure(rsa().token(R"({"alg":"PS256"})"), *keys) == "unknown_algorithm");
  CHECK(failure(rsa().token(R"({"alg":"RS256","kid":7})"), *keys) == "malformed");
  CHECK(failure(rsa().token(R"({"alg":"RS256","crit":["exp"]})"), *keys) == "unknown_algorithm");
}

TEST_CASE("keys that a token brings along are not looked at", "[jwt]") {
  const issuer stranger{EVP_RSA_gen(2048)};
  const auto keys = jwt_key_set::parse(set_of({rsa_jwk()}));
  REQUIRE(keys);
  CHECK(failure(stranger.token(R"({"alg":"RS256","jwk":)" + rsa_jwk("", stranger) + "}"), *keys) == "bad_signature");
  for (const auto* field : {"jku", "x5u"})
    CHECK(failure(stranger.token(R"({"alg":"RS256",")" + std::string{field} + R"(":"http://127.0.0.1:1/keys"})"),
                  *keys) == "bad_signature");
}

TEST_CASE("a signature of ES256 is r and s, 64 bytes, and nothing else", "[jwt]") {
  const auto keys = jwt_key_set::parse(ec_jwk());
  REQUIRE(keys);
  using verdict = jwt_key_set::verdict;
  const auto raw = ec().sign("text");
  const auto asked = [&](std::string_view signature) {
    return keys->verify(jwt_algorithm::es256, nullptr, "text", signature);
  };
  CHECK(asked(raw) == verdict::good);
  CHECK(asked(std::string(64, '\0')) == verdict::bad_signature);
  CHECK(asked(std::string(64, '\xff')) == verdict::bad_signature);
  CHECK(asked(raw + '\0') == verdict::bad_signature);
  CHECK(asked(raw.substr(0, 63)) == verdict::bad_signature);
  CHECK(asked("") == verdict::bad_signature);
  auto changed = raw;
  changed[40] = static_cast<char>(changed[40] ^ 1);
  CHECK(asked(changed) == verdict::bad_signature);
  CHECK(keys->verify(jwt_algorithm::es256, nullptr, "texT", raw) == verdict::bad_signature);
}

TEST_CASE("what does not belong into a file of keys is refused with its place", "[jwt]") {
  const issuer weak{EVP_RSA_gen(1024)};
  CHECK_THAT(refusal(set_of({rsa_jwk(), rsa_jwk(R"(,"kid":"weak")", weak)})),
             Contains("keys[1] (kid weak)") && Contains("2048"));
  CHECK_THAT(refusal(weak.pem()), Contains("2048"));
  CHECK_THAT(refusal(set_of({R"({"kty":"oct","k":"c2VjcmV0"})"})), Contains("PENSTOCK_JWT_SECRET"));
  CHECK_THAT(refusal(set_of({ed_jwk(R"(,"d":"c2VjcmV0")")})), Contains("private"));
  CHECK_THAT(refusal(set_of({R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"})), Contains("32 bytes"));
  const auto off_curve = base64url(std::string(32, 'a'));
  CHECK_THAT(refusal(set_of({R"({"kty":"EC","crv":"P-256","x":")" + off_curve + R"(","y":")" + off_curve + "\"}"})),
             Contains("no point"));
  CHECK_THAT(refusal(set_of({R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"})), Contains("32 bytes"));
  CHECK_THAT(refusal(set_of({R"({"kty":"RSA","n":"!","e":"AQAB"})"})), Contains("its n"));
  CHECK_THAT(refusal(set_of({rsa_jwk(R"(,"kid":"a")"), rsa_jwk(R"(,"kid":"a")")})), Contains("kid of another"));
  CHECK_THAT(refusal(set_of({"7"})), Contains("no JSON object"));
  CHECK_THAT(refusal(set_of({})), Contains("no key"));
  CHECK_THAT(refusal(set_of({rsa_jwk(R"(,"use":"enc")")})), Contains("no key") && Contains("use"));
  CHECK_THAT(refusal(R"({"keys":{}})"), Contains("keys"));
  CHECK_THAT(refusal("{"), Contains("line") || Contains("end") || Contains("JSON"));
  CHECK_THAT(refusal("nothing"), Contains("neither"));
  CHECK_THAT(refusal(""), Contains("neither"));
  CHECK_THAT(refusal("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), Contains("PUBLIC KEY"));
  CHECK_THAT(refusal("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), Contains("PEM block 1"));
  CHECK_THAT(refusal("-----BEGIN PUBLIC KEY-----\nAAAA\n"), Contains("no end"));
  CHECK_THAT(refusal(std::string((1u << 20) + 1, ' ')), Contains("1 MiB"));
}

TEST_CASE("keys for other purposes are left out and told", "[jwt]") {
  const auto keys = jwt_key_set::parse(
    set_of({rsa_jwk(R"(,"kid":"a","use":"enc")"), rsa_jwk(R"(,"kid":"b","alg":"PS256")"),
            rsa_jwk(R"(,"kid":"c","key_ops":["encrypt"])"), R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})",
            R"({"kty":"OKP","crv":"X25519","x":"AA"})", R"({"kty":"new"})",
            rsa_jwk(R"(,"kid":"good","key_ops":["verify"])")}));
  REQUIRE(keys);
  CHECK(keys->size() == 1);
  CHECK(keys->left_out().size() == 6);
}

TEST_CASE("a file of keys is read again when it changes, and a broken one changes nothing", "[jwt]") {
  const auto path = std::filesystem::temp_directory_path() / ("penstock-keys-" + std::to_string(::getpid()) + ".json");
  int version = 0;
  const auto write = [&](const std::string& text) {
    std::ofstream{path, std::ios::trunc} << text;
    // So that two writes within the clock's grain differ.
    std::filesystem::last_write_time(path,
                                     std::filesystem::file_time_type::clock::now() + std::chrono::seconds{++version});
  };
  const auto level = spdlog::get_level();
  spdlog::set_level(spdlog::level::off);
  CHECK(jwt_key_file::open(path.string()).error().message.find(path.string()) != std::string::npos);
  write(ec_jwk());
  const auto file = jwt_key_file::open(path.string());
  REQUIRE(file);
  const auto first = (*file)->version();
  (*file)->look();
  CHECK((*file)->version() == first);
  write(set_of({ec_jwk(), ed_jwk()}));
  (*file)->look();
  CHECK((*file)->version() == first + 1);
  CHECK((*file)->current().keys->size() == 2);
  for (const auto* broken : {"{", ""}) {
    write(broken);
    (*file)->look();
    CHECK((*file)->version() == first + 1);
  }
  std::filesystem::remove(path);
  (*file)->look();
  CHECK((*file)->current().keys->size() == 2);
  write(ec_jwk());
  (*file)->look();
  CHECK((*file)->version() == first + 2);
  CHECK((*file)->current().keys->size() == 1);
  std::filesystem::remove(path);
  CHECK_FALSE(jwt_key_file::open(std::filesystem::temp_directory_path().string()));
  spdlog::set_level(level);
}
