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
  [[nodiscard]] result<listing<run_view>> runs(workspace_id workspace, const run_filter& filter, page which) const;

private:
  [[nodiscard]] bool is_there(pipeline_id id) const;
  [[nodiscard]] std::optional<run_record> last_run(pipeline_id id) const;
  [[nodiscard]] result<std::vector<task_view>> tasks(const run_record& record) const;
  [[nodiscard]] std::vector<run_id> newest(const std::vector<std::string>& prefixes, page which) const;
  /// Runs of a workspace by status: read one by one, as only a pipeline's runs are indexed by status.
  [[nodiscard]] std::vector<run_view> with_status(const std::vector<std::string>& prefixes, run_status status,
                                                  page which) const;
  [[nodiscard]] std::uint64_t count(workspace_id workspace, const run_filter& filter) const;
  [[nodiscard]] partition_id partition_of_id(const uuid& id) const noexcept {
    return partition_of(slot_of(id), around_.partition_count);
  }

  const entity_surroundings& around_;
};

} // namespace penstock
