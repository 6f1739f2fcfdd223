#include "api/rate_limiter.hpp"

#include <algorithm>

namespace penstock {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

} // namespace

void rate_limiter::make_room(shard& s, std::int64_t now_ns) const {
  if (s.full_at.size() < s.sweep_at) return;
  std::erase_if(s.full_at, [&](const auto& bucket) { return bucket.second <= now_ns; });
  // So that sweeping costs each newcomer a fixed share, however many there are.
  s.sweep_at = std::min(std::max<std::size_t>(2 * s.full_at.size(), 64), per_shard_max_);
  if (s.full_at.size() >= per_shard_max_) s.full_at.erase(s.full_at.begin());
}

rate_state rate_limiter::take(const uuid& who, std::uint32_t rate, timestamp now) {
  const std::int64_t now_ns = to_ms(now) * 1'000'000;
  const std::int64_t one = second_ns / rate;
  const std::int64_t all = one * rate * burst_seconds;
  // Not the byte that orders the map's own hash.
  auto& s = shards_[(who.bytes[7] ^ who.bytes[8]) % shard_count];
  std::int64_t full_at = 0;
  bool allowed = false;
  {
    const std::scoped_lock lock{s.mutex};
    auto it = s.full_at.find(who);
    if (it == s.full_at.end()) {
      make_room(s, now_ns);
      it = s.full_at.emplace(who, now_ns).first;
    }
    // A clock that stepped back must not leave a bucket emptier than empty.
    full_at = std::clamp(it->second, now_ns, now_ns + all);
    allowed = full_at + one <= now_ns + all;
    if (allowed) full_at += one;
    it->second = full_at;
  }
  return {rate, static_cast<std::uint32_t>((now_ns + all - full_at) / one), (full_at + second_ns - 1) / second_ns,
          allowed};
}

std::size_t rate_limiter::size() {
  std::size_t out = 0;
  for (auto& s : shards_) {
    const std::scoped_lock lock{s.mutex};
    out += s.full_at.size();
  }
  return out;
}

} // namespace penstock
