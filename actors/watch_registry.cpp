#include "actors/watch_registry.hpp"

#include <algorithm>

namespace penstock {

std::shared_ptr<void> watch_registry::watch(run_id run, std::function<void()> changed) {
  std::shared_ptr<watcher> w{new watcher{std::move(changed)}, [this, run](watcher* gone) {
                               forget(run);
                               delete gone;
                             }};
  const std::lock_guard lock{mutex_};
  watchers_[run].push_back(w);
  ++count_;
  return w;
}

void watch_registry::forget(run_id run) {
  const std::lock_guard lock{mutex_};
  const auto it = watchers_.find(run);
  if (it == watchers_.end()) return;
  count_ -= std::erase_if(it->second, [](const auto& w) { return w.expired(); });
  if (it->second.empty()) watchers_.erase(it);
}

void watch_registry::notify(run_id run) {
  if (count_.load(std::memory_order_relaxed) == 0) return;
  std::vector<std::shared_ptr<watcher>> told;
  {
    const std::lock_guard lock{mutex_};
    const auto it = watchers_.find(run);
    if (it == watchers_.end()) return;
    for (const auto& w : it->second)
      if (auto alive = w.lock()) told.push_back(std::move(alive));
  }
  for (const auto& w : told) w->changed();
}

} // namespace penstock
