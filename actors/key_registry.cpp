#include "actors/key_registry.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace penstock {

namespace {

/// A use is stored at most once in this time.
constexpr milliseconds touched_again{60'000};
constexpr std::size_t key_bytes_max = 512;
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
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
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

void key_registry::put(const api_key_record& record) {
  scope_set scopes = 0;
  for (const auto& name : record.scopes)
    if (const auto s = parse_scope(name)) scopes = static_cast<scope_set>(scopes | static_cast<scope_set>(*s));
  const std::unique_lock lock{mutex_};
  auto& e = by_hash_[record.key_hash];
  e.record = record;
  e.scopes = scopes;
  if (record.last_used) e.used_at = std::max(e.used_at.load(), to_ms(*record.last_used));
}

result<caller> key_registry::authenticate(std::string_view key) {
  const auto refused = fail(errc::unauthorized, "the API key is not valid");
  if (key.size() > key_bytes_max) return refused;
  const auto hash = seals_.keyed_hash(key);
  const auto now = clock_->now();
  const std::shared_lock lock{mutex_};
  const auto it = by_hash_.find(hash);
  if (it == by_hash_.end()) return refused;
  const auto& record = it->second.record;
  if (record.revoked_at) return fail(errc::unauthorized, "the API key was revoked");
  if (record.expires_at && *record.expires_at <= now) return fail(errc::unauthorized, "the API key has expired");
  auto& used_at = it->second.used_at;
  auto seen = used_at.load(std::memory_order_relaxed);
  // One of the threads that see it due stores the use.
  if (to_ms(now) - seen >= touched_again.count() && used_at.compare_exchange_strong(seen, to_ms(now))) {
    const std::lock_guard touching{touched_mutex_};
    touched_.push_back(record.id);
  }
  return caller{record.workspace, "key_" + to_text(record.id), it->second.scopes};
}

std::vector<api_key_id> key_registry::take_touched() {
  const std::lock_guard lock{touched_mutex_};
  return std::exchange(touched_, {});
}

std::vector<api_key_record> key_registry::list(workspace_id workspace) const {
  std::vector<api_key_record> out;
  {
    const std::shared_lock lock{mutex_};
    for (const auto& [hash, e] : by_hash_)
      if (e.record.workspace == workspace && !e.record.revoked_at) out.push_back(e.record);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  return out;
}

} // namespace penstock
