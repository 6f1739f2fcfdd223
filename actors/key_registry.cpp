#include "actors/key_registry.hpp"

#include <algorithm>
#include <mutex>

namespace penstock {

namespace {

/// A use is stored at most once in this time.
constexpr milliseconds touched_again{60'000};
constexpr std::size_t key_bytes_max = 512;
} // namespace

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
