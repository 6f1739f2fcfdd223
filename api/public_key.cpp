#include "api/public_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <sodium.h>

#include <array>
#include <cstring>

namespace penstock {
namespace {

constexpr int rsa_bits_min = 2'048;
/// Verifying costs time that grows with the square of the size.
constexpr int rsa_bits_max = 8'192;
constexpr std::size_t coordinate_bytes = 32;

template <class T, void (*free)(T*)>
struct freed_by {
  void operator()(T* p) const noexcept { free(p); }
};
using big_number = std::unique_ptr<BIGNUM, freed_by<BIGNUM, BN_free>>;
using parameter_builder = std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using parameter_list = std::unique_ptr<OSSL_PARAM, freed_by<OSSL_PARAM, OSSL_PARAM_free>>;
using key_context = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX, EVP_MD_CTX_free>>;
using ecdsa_signature = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG, ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

big_number number_of(std::string_view big_endian) {
  return big_number{BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr)};
}

/// Null if they make no key that stands OpenSSL's own checks.
EVP_PKEY* key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const parameter_list parameters{OSSL_PARAM_BLD_to_param(builder)};
  const key_context making{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
  EVP_PKEY* key = nullptr;
  if (!parameters || !making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
      EVP_PKEY_fromdata(making.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  const key_context checking{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  if (checking && EVP_PKEY_public_check(checking.get()) == 1) return key;
  ERR_clear_error();
  EVP_PKEY_free(key);
  return nullptr;
}

/// r and s as the DER sequence that OpenSSL wants; empty if it can't be made.
std::string der_of(std::string_view raw) {
  const ecdsa_signature pair{ECDSA_SIG_new()};
  auto r = number_of(raw.substr(0, coordinate_bytes));
  auto s = number_of(raw.substr(coordinate_bytes));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  // They belong to the pair now.
  (void)r.release();
  (void)s.release();
  std::array<unsigned char, 80> out{};
  auto* end = out.data();
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0 || static_cast<std::size_t>(size) > out.size() || i2d_ECDSA_SIG(pair.get(), &end) != size) return {};
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size)};
}

bool verify_sha256(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  const digest_context context{EVP_MD_CTX_new()};
  const bool good =
    context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
    EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

unexpected<error> wrong(std::string why) { return fail(errc::invalid_argument, std::move(why)); }

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         (std::string_view{name.data(), size} == "prime256v1" || std::string_view{name.data(), size} == "P-256");
}

} // namespace

void public_key::free_key::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

public_key::public_key(jwt_algorithm algorithm, handle key, std::string point)
    : algorithm_(algorithm), key_(std::move(key)), point_(std::move(point)) {}
public_key::public_key(public_key&&) noexcept = default;
public_key& public_key::operator=(public_key&&) noexcept = default;
public_key::~public_key() = default;

result<public_key> public_key::checked_rsa(handle key) {
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < rsa_bits_min || bits > rsa_bits_max)
    return wrong("an RSA key needs 2048 to 8192 bits, this one has " + std::to_string(bits));
  return public_key{jwt_algorithm::rs256, std::move(key), {}};
}

result<public_key> public_key::from_rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > rsa_bits_max / 8 + 1 || exponent.empty() || exponent.size() > 8)
    return wrong("the RSA key's n or e has no usable size");
  const auto n = number_of(modulus);
  const auto e = number_of(exponent);
  // Said before OpenSSL's own check, which refuses small ones as well, but without a reason.
  if (n && BN_num_bits(n.get()) < rsa_bits_min)
    return wrong("an RSA key needs 2048 to 8192 bits, this one has " + std::to_string(BN_num_bits(n.get())));
  const parameter_builder builder{OSSL_PARAM_BLD_new()};
  if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return wrong("n and e are no RSA key");
  handle key{key_from("RSA", builder.get())};
  if (!key) return wrong("n and e are no RSA key");
  return checked_rsa(std::move(key));
}

result<public_key> public_key::from_p256(std::string_view x, std::string_view y) {
  if (x.size() != coordinate_bytes || y.size() != coordinate_bytes) return wrong("x and y need 32 bytes each");
  const auto point = "\x04" + std::string{x} + std::string{y};
  const parameter_builder builder{OSSL_PARAM_BLD_new()};
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return wrong("x and y are no point of P-256");
  handle key{key_from("EC", builder.get())};
  if (!key) return wrong("x and y are no point of P-256");
  return public_key{jwt_algorithm::es256, std::move(key), {}};
}

result<public_key> public_key::from_ed25519(std::string_view point) {
  if (point.size() != crypto_sign_PUBLICKEYBYTES) return wrong("x needs 32 bytes");
  return public_key{jwt_algorithm::eddsa, nullptr, std::string{point}};
}

result<public_key> public_key::from_pem(std::string_view block) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> in{BIO_new_mem_buf(block.data(), static_cast<int>(block.size())),
                                                         &BIO_free_all};
  handle key{in ? PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr) : nullptr};
  if (!key) {
    ERR_clear_error();
    return wrong("the PEM block does not hold a public key");
  }
  if (EVP_PKEY_is_a(key.get(), "RSA")) return checked_rsa(std::move(key));
  if (EVP_PKEY_is_a(key.get(), "EC") && is_p256(key.get())) return public_key{jwt_algorithm::es256, std::move(key), {}};
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> point{};
  std::size_t size = point.size();
  if (EVP_PKEY_is_a(key.get(), "ED25519") && EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size) == 1)
    return from_ed25519({reinterpret_cast<const char*>(point.data()), size});
  return wrong("the key is neither RSA nor EC P-256 nor Ed25519");
}

bool public_key::verifies(std::string_view text, std::string_view signature) const {
  switch (algorithm_) {
    case jwt_algorithm::rs256: return verify_sha256(key_.get(), text, signature);
    case jwt_algorithm::es256: {
      if (signature.size() != 2 * coordinate_bytes) return false;
      const auto der = der_of(signature);
      return !der.empty() && verify_sha256(key_.get(), text, der);
    }
    case jwt_algorithm::eddsa:
      return signature.size() == crypto_sign_BYTES &&
             crypto_sign_verify_detached(bytes_of(signature), bytes_of(text), text.size(), bytes_of(point_)) == 0;
    case jwt_algorithm::hs256: break;
  }
  return false;
}

} // namespace penstock
