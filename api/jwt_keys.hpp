#pragma once

#include "api/public_key.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Public keys that verify tokens. Each has one algorithm for good, whatever a token's header says. Immutable.
class jwt_key_set {
public:
  static constexpr std::size_t bytes_max = 1u << 20;
  static constexpr std::size_t keys_max = 100;

  /// Reads a JWK Set (RFC 7517), a single JWK, or PEM public keys (`BEGIN PUBLIC KEY`, one or several).
  /// RSA of 2048 to 8192 bits is RS256, P-256 is ES256, Ed25519 is EdDSA. Keys of a set that are for something else (`use`
  /// other than `sig`, other algorithms and curves) are left out; it is an error if none is left.
  /// @returns `errc::invalid_argument` saying which key is wrong and why: also for symmetric (`oct`) and private keys.
  [[nodiscard]] static result<jwt_key_set> parse(std::string_view text);

  /// What came of asking every key that may be meant.
  enum class verdict : std::uint8_t { good, bad_signature, no_such_key };
  /// Whether `signature` (decoded) is one of `text` by a key of algorithm `by` and, where both the token and the key name
  /// one, of that `kid`.
  [[nodiscard]] verdict verify(jwt_algorithm by, const std::string* kid, std::string_view text,
                               std::string_view signature) const;

  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  /// What was left out and why, for the log.
  [[nodiscard]] const std::vector<std::string>& left_out() const noexcept { return left_out_; }

private:
  struct entry {
    std::optional<std::string> kid;
    public_key key;
  };

  [[nodiscard]] result<void> read_set(std::string_view json);
  [[nodiscard]] result<void> read_pem(std::string_view text);
  [[nodiscard]] result<void> add(std::optional<std::string> kid, result<public_key> key, const std::string& place);

  std::vector<entry> keys_;
  std::vector<std::string> left_out_;
};

} // namespace penstock
