#include "storage/api_key.hpp"

#include <sodium.h>

#include <array>

namespace penstock {

namespace {

constexpr std::string_view live_prefix = "gcs_live_sk_";
constexpr std::string_view test_prefix = "gcs_test_sk_";
constexpr std::size_t shown_behind_prefix = 4;

/// Crockford's alphabet: no letters that look alike.
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

std::string base32(const unsigned char* bytes, std::size_t size) {
  std::string out;
  unsigned buffer = 0;
  int bits = 0;
  for (std::size_t i = 0; i < size; ++i) {
    buffer = (buffer << 8 | bytes[i]) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet[buffer >> (bits - 5) & 31];
  }
  if (bits > 0) out += alphabet[buffer << (5 - bits) & 31];
  return out;
}

std::string checksum(std::string_view text) {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     nullptr, 0);
  return base32(hash.data(), 3).substr(0, 4);
}

} // namespace

std::string make_api_key() {
  std::array<unsigned char, 20> random{};
  randombytes_buf(random.data(), random.size());
  auto key = std::string{live_prefix} + base32(random.data(), random.size());
  return key + checksum(key);
}

std::string shown_prefix(std::string_view key) {
  for (const auto prefix : {live_prefix, test_prefix})
    if (key.starts_with(prefix)) return std::string{key.substr(0, prefix.size() + shown_behind_prefix)};
  return std::string{key.substr(0, shown_behind_prefix)};
}

} // namespace penstock
