#include "storage/counter_cache.hpp"

#include "storage/big_endian.hpp"

namespace penstock {

std::string encode_counter(std::int64_t v) {
  std::string out;
  put_big_endian(out, static_cast<std::uint64_t>(v));
  return out;
}

std::optional<std::int64_t> decode_counter(std::string_view bytes) noexcept {
  if (bytes.size() != sizeof(std::int64_t)) return std::nullopt;
  return static_cast<std::int64_t>(big_endian_at<std::uint64_t>(bytes));
}

bool counter_cache::add(family f, std::string_view key, std::int64_t delta) {
  auto& family_entries = families_[family_place(f)];
  auto it = family_entries.find(key);
  if (it == family_entries.end()) {
    it = family_entries.emplace(std::string(key), entry{load_(f, key), false}).first;
    ++size_;
  }
  auto& found = it->second;
  if (!found.v) return false;
  // Unsigned, so that an overflow wraps instead of being undefined.
  found.v = static_cast<std::int64_t>(static_cast<std::uint64_t>(*found.v) + static_cast<std::uint64_t>(delta));
  if (!found.changed) changed_.push_back({f, &*it});
  found.changed = true;
  return true;
}

void counter_cache::overwritten(family f, std::string_view key, std::optional<std::string_view> bytes) {
  if (!counting_[family_place(f)]) return;
  auto& family_entries = families_[family_place(f)];
  const auto [it, is_new] = family_entries.try_emplace(std::string(key));
  size_ += is_new ? 1 : 0;
  it->second = entry{bytes ? decode_counter(*bytes) : 0, false};
}

void counter_cache::drain(const std::function<void(family, std::string_view, std::int64_t)>& write) {
  for (const auto& [where, counter] : changed_) {
    // A later put or removal of the turn has the last word; a counter added to after that stands here twice.
    if (!counter->second.changed) continue;
    counter->second.changed = false;
    write(where, counter->first, *counter->second.v);
  }
  changed_.clear();
}

// Counters are few and hot; if they are not, reading them again is what would have happened without a cache.
void counter_cache::forget() {
  changed_.clear();
  for (auto& family_entries : families_) family_entries.clear();
  size_ = 0;
}

} // namespace penstock
