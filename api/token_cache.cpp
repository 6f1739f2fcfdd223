#include "api/token_cache.hpp"

#include <sodium.h>

#include <algorithm>

namespace penstock {

token_cache::token_cache(std::size_t entries_max)
    : generation_max_(std::max<std::size_t>(entries_max / shards_.size() / 2, 1)) {
  randombytes_buf(key_.data(), key_.size());
}

token_cache::digest token_cache::digest_of(std::string_view token) const {
  digest out;
  crypto_generichash(out.bytes.data(), out.bytes.size(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size(), key_.data(), key_.size());
  return out;
}

void token_cache::make_room(shard& s) const {
  if (s.young.size() < generation_max_) return;
  s.old = std::move(s.young);
  s.young.clear();
}

std::optional<caller> token_cache::find(const digest& token, std::uint64_t version, timestamp now) {
  auto& s = shard_of(token);
  const std::scoped_lock lock{s.mutex};
  auto it = s.young.find(token);
  if (it == s.young.end()) {
    auto node = s.old.extract(token);
    if (node.empty()) return std::nullopt;
    make_room(s);
    it = s.young.insert(std::move(node)).position;
  }
  const auto& e = it->second;
  if (e.version == version && now < e.until) return e.who;
  s.young.erase(it);
  return std::nullopt;
}

void token_cache::put(const digest& token, caller who, std::uint64_t version, timestamp now) {
  auto until = now + kept;
  if (who.expires_at) until = std::min(until, *who.expires_at);
  auto& s = shard_of(token);
  const std::scoped_lock lock{s.mutex};
  make_room(s);
  s.young.insert_or_assign(token, entry{std::move(who), until, version});
}

} // namespace penstock
