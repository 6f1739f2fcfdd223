#pragma once

#include "actors/core/entity_core.hpp"
#include "actors/core/pipeline_records.hpp"
#include "runtime/model/records.hpp"

#include <memory>
#include <optional>
#include <unordered_set>

namespace penstock {

/// A pipeline: its header, its revisions, and the births of its runs.
class pipeline_core final : public entity_core {
public:
  pipeline_core(const entity_surroundings& around, pipeline_id id);

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  [[nodiscard]] result<void> load();
  /// The newest revision's plan, and with it what was written.
  [[nodiscard]] result<void> load_graph();
  [[nodiscard]] result<void> load_newest();
  /// The pipeline as `workspace` sees it: `errc::not_found` for another's or a deleted one.
  [[nodiscard]] result<void> require(workspace_id workspace);

  [[nodiscard]] result<pipeline_view> create(create_pipeline& command, proposal& out);
  [[nodiscard]] result<pipeline_view> update(update_pipeline& command, timestamp now, proposal& out);
  [[nodiscard]] result<void> remove(delete_pipeline& command, timestamp now, proposal& out);
  [[nodiscard]] result<started_run> start(start_run& command, timestamp now, proposal& out);
  void forget_stored_children();
  void clear(const clear_step& command, timestamp now, proposal& out);
  void clear_run(run_id id, proposal& out) const;
  void clear_self(proposal& out) const;

  /// As answered to whoever wrote it: `newest_` must be there.
  [[nodiscard]] pipeline_view view() const;
  void store_header(proposal& out) const;
  void store_revision(const compiled_definition& compiled, timestamp now, const std::string& by, proposal& out);
  [[nodiscard]] keys::timer clear_timer(timestamp due) const;
  [[nodiscard]] partition_id partition() const noexcept { return partition_of(id_.slot(), around_.partition_count); }

  const entity_surroundings& around_;
  pipeline_id id_;
  std::optional<pipeline_record> record_;
  std::optional<opened_revision> newest_;   ///< Once it was needed.
  std::shared_ptr<const bound_plan> graph_; ///< Of the newest revision, once it was needed.
  /// Runs asked for by parents since this was read from the store: their births may not be in the store yet.
  std::unordered_set<run_id> children_;
  std::size_t forget_children_at_ = 4'096; ///< How many may be held before those in the store are let go.
};

} // namespace penstock
