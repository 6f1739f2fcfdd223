#pragma once

#include "actors/core/entity_core.hpp"

namespace penstock {

/// Answers questions from the durable state alone, beside the actors: what a client was told is there, what it was not told
/// may be. Thread-safe; blocks for reads that miss the cache.
class reads {
public:
  explicit reads(const entity_surroundings& around) : around_(around) {}

  [[nodiscard]] result<pipeline_view> pipeline(workspace_id workspace, pipeline_id id) const;
  [[nodiscard]] listing<pipeline_view> pipelines(workspace_id workspace, const pipeline_filter& filter,
                                                 page which) const;
  [[nodiscard]] result<run_view> run(workspace_id workspace, run_id id) const;
  /// The run's header as it is stored: costs one read, whatever the run's size.
  [[nodiscard]] result<run_record> header(workspace_id workspace, run_id id) const;
  [[nodiscard]] result<listing<run_view>> runs(workspace_id workspace, const run_filter& filter, page which) const;

private:
  [[nodiscard]] bool is_there(pipeline_id id) const;
  /// The newest pipelines of a partition that have the filter's type and standing; adds how many have them to `total`.
  [[nodiscard]] std::vector<uuid> pipelines_in(partition_id p, workspace_id workspace, const pipeline_filter& filter,
                                               std::uint64_t limit, std::uint64_t& total) const;
  [[nodiscard]] result<std::vector<task_view>> tasks(const run_record& record) const;
  [[nodiscard]] partition_id partition_of_id(const uuid& id) const noexcept {
    return partition_of(slot_of(id), around_.partition_count);
  }

  const entity_surroundings& around_;
};

} // namespace penstock
