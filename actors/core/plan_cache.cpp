#include "actors/core/plan_cache.hpp"

#include "actors/core/sealed_records.hpp"
#include "storage/keys.hpp"

namespace penstock {

result<std::shared_ptr<const bound_plan>> plan_cache::get(const state_reader& state, const sealer& seals,
                                                          workspace_id workspace, pipeline_id pipeline,
                                                          std::uint32_t revision) {
  {
    const std::lock_guard lock{mutex_};
    if (const auto it = entries_.find({pipeline, revision}); it != entries_.end()) {
      recent_.splice(recent_.begin(), recent_, it->second);
      return it->second->graph;
    }
  }
  auto stored = read_record<revision_record>(state, keys::revision(pipeline, revision));
  if (!stored) return unexpected(std::move(stored).error());
  auto opened = open_record<plan>(
    seals, {workspace, pipeline.raw, revision, static_cast<std::uint8_t>(sealed_kind::plan)}, stored->sealed_plan);
  if (!opened) return unexpected(std::move(opened).error());
  auto graph = bind_plan(std::move(*opened));
  put(pipeline, revision, graph);
  return graph;
}

void plan_cache::put(pipeline_id pipeline, std::uint32_t revision, std::shared_ptr<const bound_plan> graph) {
  const std::lock_guard lock{mutex_};
  if (entries_.contains({pipeline, revision})) return;
  tasks_ += graph->size();
  recent_.push_front({{pipeline, revision}, std::move(graph)});
  entries_[{pipeline, revision}] = recent_.begin();
  while (tasks_ > tasks_max_ && recent_.size() > 1) {
    tasks_ -= recent_.back().graph->size();
    entries_.erase(recent_.back().which);
    recent_.pop_back();
  }
}

} // namespace penstock
