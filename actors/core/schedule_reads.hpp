#pragma once

#include "actors/core/entity_core.hpp"

namespace penstock {

/// Answers questions about schedules and backfills from the durable state alone. Thread-safe; blocks for reads that miss
/// the cache.
class schedule_reads {
public:
  explicit schedule_reads(const entity_surroundings& around) : around_(around) {}

  /// `errc::not_found` for an unknown one, another workspace's, or a deleted pipeline's.
  [[nodiscard]] result<schedule_view> schedule(workspace_id workspace, schedule_id id) const;
  [[nodiscard]] result<backfill_view> backfill(workspace_id workspace, backfill_id id) const;
  /// Newest first.
  [[nodiscard]] result<listing<schedule_view>> schedules(workspace_id workspace, const schedule_filter& filter,
                                                         page which) const;
  [[nodiscard]] result<listing<backfill_view>> backfills(workspace_id workspace, std::optional<pipeline_id> pipeline,
                                                         page which) const;
  /// `errc::not_found` for an unknown or deleted pipeline, `errc::forbidden` for another workspace's.
  [[nodiscard]] result<void> may_depend(workspace_id workspace, pipeline_id id) const;
  /// `errc::not_found` for an unknown, deleted, or another workspace's pipeline.
  [[nodiscard]] result<dependency_graph> dependencies(workspace_id workspace, pipeline_id id) const;
  /// A pipeline's name and id, for messages.
  [[nodiscard]] std::string name_of(pipeline_id id) const;

private:
  [[nodiscard]] bool is_there(workspace_id workspace, pipeline_id id) const;
  /// One page of ids below an owner, from all partitions or the pipeline's alone, with the total of a counter.
  struct found_ids {
    std::vector<uuid> ids;
    std::uint64_t total = 0;
  };
  struct listed {
    keys::index_kind index;
    keys::counter_kind counter;
    uuid owner;
  };
  [[nodiscard]] found_ids find(const listed& what, std::optional<partition_id> only, page which) const;

  const entity_surroundings& around_;
};

} // namespace penstock
