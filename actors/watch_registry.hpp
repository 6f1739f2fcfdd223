#pragma once

#include "runtime/model/ids.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace penstock {

/// Who wants to know when a run changes. Thread-safe; costs one atomic read while nobody does.
class watch_registry {
public:
  /// Calls `changed` from whatever thread carries the change, which must only pass it on, until the answer is dropped.
  [[nodiscard]] std::shared_ptr<void> watch(run_id run, std::function<void()> changed);
  void notify(run_id run);

private:
  struct watcher {
    std::function<void()> changed;
  };
  void forget(run_id run);

  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::unordered_map<run_id, std::vector<std::weak_ptr<watcher>>> watchers_;
};

} // namespace penstock
