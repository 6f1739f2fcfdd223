#include "api/remote_address.hpp"

#include <arpa/inet.h>

#include <sodium.h>

#include <array>
#include <string>

namespace penstock {
namespace {

constexpr std::size_t network_bytes = 8;

const std::array<unsigned char, crypto_generichash_KEYBYTES>& hash_key() {
  static const auto key = [] {
    std::array<unsigned char, crypto_generichash_KEYBYTES> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    return bytes;
  }();
  return key;
}

} // namespace

uuid client_of(std::string_view address) {
  std::string counted{address};
  in6_addr six{};
  if (inet_pton(AF_INET6, counted.c_str(), &six) == 1)
    counted.assign(reinterpret_cast<const char*>(six.s6_addr), network_bytes);
  uuid out;
  crypto_generichash(out.bytes.data(), out.bytes.size(), reinterpret_cast<const unsigned char*>(counted.data()),
                     counted.size(), hash_key().data(), hash_key().size());
  return out;
}

} // namespace penstock
