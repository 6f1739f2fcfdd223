#pragma once

#include "runtime/model/ids.hpp"

#include <mutex>
#include <shared_mutex>
#include <unordered_set>

namespace penstock {

/// All workspaces of the node in memory. Thread-safe.
class workspace_registry {
public:
  void put(workspace_id id) {
    const std::unique_lock lock{mutex_};
    known_.insert(id);
  }

  [[nodiscard]] bool knows(workspace_id id) const {
    if (id == default_workspace) return true;
    const std::shared_lock lock{mutex_};
    return known_.contains(id);
  }

private:
  mutable std::shared_mutex mutex_;
  std::unordered_set<workspace_id> known_;
};

} // namespace penstock
