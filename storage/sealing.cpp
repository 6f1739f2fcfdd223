#include "storage/sealing.hpp"

#include "storage/big_endian.hpp"

#include <sodium.h>

#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_map>

namespace penstock {

namespace {

// A sealed text is: format u8 | nonce 24 bytes | ciphertext with its tag of 16 bytes.
constexpr std::uint8_t sealed_format = 1;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t head_bytes = 1 + nonce_bytes;

/// Derived keys kept; deriving one again costs less than a microsecond.
constexpr std::size_t keys_kept_max = 10'000;

const std::uint8_t* raw(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }
std::uint8_t* raw(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

/// A key for one purpose. `purpose` is permanent.
secret_key derive(const secret_key& master, std::string_view purpose, std::string_view whose) {
  std::string message{purpose};
  message += '\0';
  message += whose;
  std::array<std::uint8_t, 32> bytes{};
  crypto_generichash(bytes.data(), bytes.size(), raw(message), message.size(), master.data(), bytes.size());
  const secret_key key{bytes};
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

/// Bound to the ciphertext, so that one copied to another place does not open.
std::string associated_data(const sealed_place& place) {
  std::string out(1, static_cast<char>(sealed_format));
  out += place.workspace.view();
  out += place.object.view();
  put_big_endian(out, place.version);
  out += static_cast<char>(place.kind);
  return out;
}

} // namespace

secret_key::~secret_key() { sodium_memzero(bytes_.data(), bytes_.size()); }

struct sealer::impl {
  explicit impl(const secret_key& m) : master(m), lookup(derive(m, "penstock lookup 1", {})) {}

  /// The key by copy: another thread may clear the cache at any time.
  secret_key key_of(const workspace_id& workspace) {
    {
      const std::shared_lock lock{mutex};
      if (const auto it = keys.find(workspace); it != keys.end()) return it->second;
    }
    auto key = derive(master, "penstock data 1", workspace.view());
    const std::unique_lock lock{mutex};
    if (keys.size() >= keys_kept_max) keys.clear();
    keys.insert_or_assign(workspace, key);
    return key;
  }

  const secret_key master;
  const secret_key lookup;
  std::shared_mutex mutex;
  std::unordered_map<workspace_id, secret_key> keys; ///< Guarded by `mutex`.
};

sealer::sealer(const secret_key& master) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium finds no source of randomness");
  impl_ = std::make_unique<impl>(master);
}

sealer::~sealer() = default;

std::string sealer::seal(const sealed_place& place, std::string_view plain) const {
  std::string out(head_bytes + plain.size() + tag_bytes, '\0');
  out[0] = static_cast<char>(sealed_format);
  auto* nonce = raw(out) + 1;
  // 24 random bytes are enough never to repeat, so no counter has to survive a crash.
  randombytes_buf(nonce, nonce_bytes);
  const auto bound = associated_data(place);
  const auto key = impl_->key_of(place.workspace);
  crypto_aead_xchacha20poly1305_ietf_encrypt(raw(out) + head_bytes, nullptr, raw(plain), plain.size(),
                                             raw(std::string_view(bound)), bound.size(), nullptr, nonce, key.data());
  return out;
}

result<std::string> sealer::open(const sealed_place& place, std::string_view sealed) const {
  if (sealed.size() < head_bytes + tag_bytes || static_cast<std::uint8_t>(sealed[0]) != sealed_format)
    return fail(errc::corrupt_record, "a sealed text has an unknown format");
  std::string plain(sealed.size() - head_bytes - tag_bytes, '\0');
  const auto bound = associated_data(place);
  const auto key = impl_->key_of(place.workspace);
  const auto opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
    raw(plain), nullptr, nullptr, raw(sealed) + head_bytes, sealed.size() - head_bytes, raw(std::string_view(bound)),
    bound.size(), raw(sealed) + 1, key.data());
  if (opened != 0)
    return fail(errc::corrupt_record,
                "a sealed text does not open: it was altered, or sealed under another master key");
  return plain;
}

std::string sealer::keyed_hash(std::string_view text) const {
  std::string out(32, '\0');
  crypto_generichash(raw(out), out.size(), raw(text), text.size(), impl_->lookup.data(), 32);
  return out;
}

bool sealer::equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace penstock
