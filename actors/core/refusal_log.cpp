#include "actors/core/refusal_log.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

void refusal_log::refill(room& r, timestamp now) const {
  if (now <= r.filled_at) return;
  const auto more = (now - r.filled_at) / limits_.one_per;
  r.filled_at += more * limits_.one_per;
  r.free = static_cast<std::uint32_t>(std::min<std::int64_t>(r.free + more, limits_.at_once));
}

void refusal_log::keep(room& r, audit_entry entry, std::uint32_t omitted) const {
  --r.free;
  r.omitted = 0;
  r.last_omitted.reset();
  entry.what.omitted = omitted;
  r.kept.push_back(std::move(entry));
}

void refusal_log::add(workspace_id workspace, audit_record what, timestamp now) {
  const std::lock_guard lock{mutex_};
  auto it = rooms_.find(workspace);
  if (it == rooms_.end()) {
    if (rooms_.size() >= limits_.workspaces_max) {
      ++omitted_;
      return;
    }
    it = rooms_.try_emplace(workspace).first;
    it->second.free = limits_.at_once;
    it->second.filled_at = now;
  }
  auto& r = it->second;
  refill(r, now);
  audit_entry entry{workspace, now, std::move(what)};
  if (r.free > 0) return keep(r, std::move(entry), r.omitted);
  ++omitted_;
  ++r.omitted;
  r.last_omitted = std::move(entry);
}

std::vector<audit_entry> refusal_log::take(timestamp now) {
  const std::lock_guard lock{mutex_};
  std::vector<audit_entry> out;
  for (auto it = rooms_.begin(); it != rooms_.end();) {
    auto& r = it->second;
    refill(r, now);
    // After a flood the last one stands for those before it.
    if (r.last_omitted && r.free > 0) {
      --omitted_;
      auto last = std::move(*r.last_omitted);
      keep(r, std::move(last), r.omitted - 1);
    }
    std::ranges::move(std::exchange(r.kept, {}), std::back_inserter(out));
    it = r.free == limits_.at_once ? rooms_.erase(it) : std::next(it);
  }
  return out;
}

std::uint64_t refusal_log::omitted() const {
  const std::lock_guard lock{mutex_};
  return omitted_;
}

} // namespace penstock
