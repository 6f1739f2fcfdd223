#include "actors/key_registry.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace penstock {

namespace {

/// A use is stored at most once in this time.
constexpr milliseconds stored_again{60'000};
constexpr std::size_t key_bytes_max = 512;

scope_set scopes_of(const api_key_record& record) {
  scope_set scopes = 0;
  for (const auto& name : record.scopes)
    if (const auto s = parse_scope(name)) scopes = static_cast<scope_set>(scopes | static_cast<scope_set>(*s));
  return scopes;
}

bool has_expired(const api_key_record& record, timestamp now) { return record.expires_at && *record.expires_at <= now; }

void raise(std::atomic<std::int64_t>& to, std::int64_t ms) {
  if (to.load(std::memory_order_relaxed) < ms) to.store(ms, std::memory_order_relaxed);
}

} // namespace

std::size_t key_registry::place_of(const std::vector<entry*>& keys, api_key_id id) {
  const auto at = std::lower_bound(keys.begin(), keys.end(), id,
                                   [](const entry* e, api_key_id wanted) { return e->record.id < wanted; });
  return static_cast<std::size_t>(at - keys.begin());
}

void key_registry::put(const api_key_record& record) {
  const std::unique_lock lock{mutex_};
  const auto [it, fresh] = by_hash_.try_emplace(record.key_hash);
  auto& e = it->second;
  e.record = record;
  if (fresh) {
    e.subject = shown_id(record.id);
    e.scopes = scopes_of(record);
  }
  if (record.last_used) {
    raise(e.used_at, to_ms(*record.last_used));
    raise(e.stored_at, to_ms(*record.last_used));
  }
  auto& live = live_[record.workspace];
  const auto at = place_of(live, record.id);
  const auto iterator = live.begin() + static_cast<std::ptrdiff_t>(at);
  const bool listed = at < live.size() && live[at] == &e;
  if (record.revoked_at && listed) live.erase(iterator);
  else if (!record.revoked_at && !listed) live.insert(iterator, &e);
}

expected<caller, key_refusal> key_registry::authenticate(std::string_view key) {
  if (key.size() > key_bytes_max) return unexpected(key_refusal::unknown);
  const auto hash = seals_.keyed_hash(key);
  const auto now = clock_->now();
  const std::shared_lock lock{mutex_};
  const auto it = by_hash_.find(hash);
  if (it == by_hash_.end()) return unexpected(key_refusal::unknown);
  auto& e = it->second;
  if (e.record.revoked_at) return unexpected(key_refusal::revoked);
  if (has_expired(e.record, now)) return unexpected(key_refusal::expired);
  note_use(e, now);
  return caller{.workspace = e.record.workspace,
                .subject = e.subject,
                .scopes = e.scopes,
                .key = e.record.id,
                .expires_at = e.record.expires_at,
                .counted_as = e.record.id.raw,
                .rate_limit = e.record.rate_limit.value_or(0)};
}

void key_registry::note_use(entry& e, timestamp now) {
  raise(e.used_at, to_ms(now));
  auto stored = e.stored_at.load(std::memory_order_relaxed);
  // One of the threads that see it due stores the use.
  if (to_ms(now) - stored < stored_again.count() || !e.stored_at.compare_exchange_strong(stored, to_ms(now))) return;
  const std::lock_guard noting{uses_mutex_};
  uses_.push_back({e.record.id, now});
  has_uses_.store(true, std::memory_order_relaxed);
}

std::vector<key_use> key_registry::take_uses() {
  if (!has_uses_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock{uses_mutex_};
  has_uses_.store(false, std::memory_order_relaxed);
  return std::exchange(uses_, {});
}

bool key_registry::is_still_good(const caller& who) const {
  const auto now = clock_->now();
  if (who.expires_at && *who.expires_at <= now) return false;
  if (!who.key) return true;
  const std::shared_lock lock{mutex_};
  const auto of = live_.find(who.workspace);
  if (of == live_.end()) return false;
  const auto& keys = of->second;
  const auto at = place_of(keys, *who.key);
  return at < keys.size() && keys[at]->record.id == *who.key;
}

bool key_registry::was_made(std::string_view key) const {
  const auto hash = seals_.keyed_hash(key);
  const std::shared_lock lock{mutex_};
  return by_hash_.contains(hash);
}

bool key_registry::has_admin(workspace_id workspace) const {
  const auto now = clock_->now();
  const std::shared_lock lock{mutex_};
  const auto of = live_.find(workspace);
  return of != live_.end() && std::any_of(of->second.begin(), of->second.end(), [&](const entry* e) {
           return (e->scopes & static_cast<scope_set>(scope::admin)) != 0 && !has_expired(e->record, now);
         });
}

listing<api_key_record> key_registry::list(workspace_id workspace, page which) const {
  listing<api_key_record> out;
  const std::shared_lock lock{mutex_};
  const auto of = live_.find(workspace);
  if (of == live_.end()) return out;
  const auto& keys = of->second;
  out.total = keys.size();
  for (auto i = which.offset; i < keys.size() && out.entries.size() < which.limit; ++i) {
    const auto& e = *keys[keys.size() - 1 - i];
    auto& record = out.entries.emplace_back(e.record);
    if (const auto used = e.used_at.load(std::memory_order_relaxed); used > 0) record.last_used = from_ms(used);
  }
  return out;
}

} // namespace penstock
