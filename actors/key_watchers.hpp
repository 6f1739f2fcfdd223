#pragma once

#include "runtime/model/ids.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace penstock {

/// Who wants to know of keys that are revoked. Thread-safe.
class key_watchers {
public:
  /// Calls `ended` from whatever thread carries the change, until the answer is dropped.
  [[nodiscard]] std::shared_ptr<void> watch(std::function<void(api_key_id)> ended) {
    auto w = std::make_shared<std::function<void(api_key_id)>>(std::move(ended));
    const std::lock_guard lock{mutex_};
    std::erase_if(watchers_, [](const auto& old) { return old.expired(); });
    watchers_.push_back(w);
    return w;
  }

  void notify(api_key_id id) {
    std::vector<std::shared_ptr<std::function<void(api_key_id)>>> told;
    {
      const std::lock_guard lock{mutex_};
      for (const auto& w : watchers_)
        if (auto alive = w.lock()) told.push_back(std::move(alive));
    }
    for (const auto& w : told) (*w)(id);
  }

private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<std::function<void(api_key_id)>>> watchers_;
};

} // namespace penstock
