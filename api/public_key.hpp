#pragma once

#include "runtime/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace penstock {

/// The algorithms a token may be signed with (RFC 7518, RFC 8037).
enum class jwt_algorithm : std::uint8_t { hs256, rs256, es256, eddsa };

/// A public key with the one algorithm it is for. Immutable, so any thread may verify with it.
class public_key {
public:
  /// RS256. Numbers are big-endian. @returns `errc::invalid_argument` unless the modulus has 2048 to 8192 bits.
  [[nodiscard]] static result<public_key> from_rsa(std::string_view modulus, std::string_view exponent);
  /// ES256. @returns `errc::invalid_argument` unless x and y (32 bytes each) are a point of P-256.
  [[nodiscard]] static result<public_key> from_p256(std::string_view x, std::string_view y);
  /// EdDSA. @returns `errc::invalid_argument` unless it is a point of 32 bytes.
  [[nodiscard]] static result<public_key> from_ed25519(std::string_view point);
  /// One PEM block, `PUBLIC KEY`; the algorithm follows from the key.
  /// @returns `errc::invalid_argument` for a key that none of the algorithms takes.
  [[nodiscard]] static result<public_key> from_pem(std::string_view block);

  public_key(public_key&&) noexcept;
  public_key& operator=(public_key&&) noexcept;
  ~public_key();

  [[nodiscard]] jwt_algorithm algorithm() const noexcept { return algorithm_; }
  /// `signature` as in a JWS: of ES256 r and s, 32 bytes each.
  [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;

private:
  struct free_key {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  using handle = std::unique_ptr<evp_pkey_st, free_key>;

  public_key(jwt_algorithm algorithm, handle key, std::string point);
  [[nodiscard]] static result<public_key> checked_rsa(handle key);

  jwt_algorithm algorithm_;
  handle key_;        ///< Of RSA and P-256.
  std::string point_; ///< Of Ed25519.
};

} // namespace penstock
