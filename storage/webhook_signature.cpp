#include "storage/webhook_signature.hpp"

#include <sodium.h>

#include <array>
#include <chrono>
#include <optional>

namespace penstock {

namespace {

using mac = std::array<unsigned char, crypto_auth_hmacsha256_BYTES>;

constexpr std::string_view standard_prefix = "whsec_";
constexpr std::string_view hex_prefix = "sha256=";
constexpr std::size_t made_bytes = 32;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

mac mac_of(std::string_view key, std::initializer_list<std::string_view> parts) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, raw(key), key.size());
  for (const auto part : parts) crypto_auth_hmacsha256_update(&state, raw(part), part.size());
  mac out{};
  crypto_auth_hmacsha256_final(&state, out.data());
  return out;
}

std::string to_base64(const unsigned char* bytes, std::size_t size) {
  std::string out(sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes, size, sodium_base64_VARIANT_ORIGINAL);
  out.pop_back(); // The terminating zero.
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const auto failed = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                                        text.size(), nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0 || end != text.data() + text.size() || size == 0) return std::nullopt;
  out.resize(size);
  return out;
}

std::string standard_key(std::string_view secret) {
  if (secret.starts_with(standard_prefix))
    if (auto decoded = from_base64(secret.substr(standard_prefix.size()))) return *decoded;
  return std::string{secret};
}

} // namespace

std::string hex_signature(std::string_view secret, std::string_view body) {
  const auto bytes = mac_of(secret, {body});
  std::string out(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes.data(), bytes.size());
  out.pop_back();
  return out;
}

bool is_signed_with(std::string_view secret, std::string_view body, std::string_view given) {
  if (given.starts_with(hex_prefix)) given.remove_prefix(hex_prefix.size());
  const auto expected = mac_of(secret, {body});
  mac bytes{};
  std::size_t size = 0;
  const char* end = nullptr;
  const bool is_hex = sodium_hex2bin(bytes.data(), bytes.size(), given.data(), given.size(), nullptr, &size, &end) == 0;
  const bool whole = is_hex && size == bytes.size() && end == given.data() + given.size();
  return (sodium_memcmp(bytes.data(), expected.data(), bytes.size()) == 0) && whole;
}

std::string standard_signature(const std::vector<std::string>& secrets, std::string_view id, timestamp at,
                               std::string_view body) {
  const auto seconds = std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  std::string out;
  for (const auto& secret : secrets) {
    const auto bytes = mac_of(standard_key(secret), {id, ".", seconds, ".", body});
    if (!out.empty()) out += ' ';
    out.append("v1,").append(to_base64(bytes.data(), bytes.size()));
  }
  return out;
}

std::string make_webhook_secret() {
  std::array<unsigned char, made_bytes> random{};
  randombytes_buf(random.data(), random.size());
  return std::string{standard_prefix} + to_base64(random.data(), random.size());
}

} // namespace penstock
