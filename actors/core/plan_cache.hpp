#pragma once

#include "runtime/lifecycle/bound_plan.hpp"
#include "runtime/model/ids.hpp"
#include "storage/sealing.hpp"
#include "storage/store.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace penstock {

/// Plans of revisions in use, shared by all runs and readers of a node. Thread-safe.
class plan_cache {
public:
  /// @param tasks_max how many tasks the plans kept may hold together.
  explicit plan_cache(std::size_t tasks_max = 400'000) : tasks_max_(tasks_max) {}

  /// @returns the plan, read from `state` if need be; `errc::not_found` if there is no such revision.
  [[nodiscard]] result<std::shared_ptr<const bound_plan>> get(const state_reader& state, const sealer& seals,
                                                              workspace_id workspace, pipeline_id pipeline,
                                                              std::uint32_t revision);
  void put(pipeline_id pipeline, std::uint32_t revision, std::shared_ptr<const bound_plan> graph);

private:
  struct key {
    pipeline_id pipeline;
    std::uint32_t revision = 0;
    friend bool operator==(const key&, const key&) = default;
  };
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept {
      return std::hash<pipeline_id>{}(k.pipeline) * 31 + k.revision;
    }
  };
  struct entry {
    key which;
    std::shared_ptr<const bound_plan> graph;
  };

  std::mutex mutex_;
  std::list<entry> recent_; ///< Most recently used first.
  std::unordered_map<key, std::list<entry>::iterator, key_hash> entries_;
  std::size_t tasks_ = 0;
  std::size_t tasks_max_;
};

} // namespace penstock
