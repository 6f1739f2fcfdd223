#pragma once

#include "actors/core/backfill_book.hpp"
#include "actors/core/dependency_book.hpp"
#include "actors/core/entity_core.hpp"
#include "actors/core/lease_book.hpp"
#include "actors/core/pipeline_records.hpp"
#include "actors/core/pipeline_runs.hpp"
#include "actors/core/schedule_book.hpp"
#include "runtime/model/records.hpp"

#include <memory>
#include <optional>
#include <unordered_set>

namespace penstock {

/// A pipeline: its header, its revisions, the births of its runs, and whatever starts them.
class pipeline_core final : public entity_core, private pipeline_runs {
public:
  pipeline_core(const entity_surroundings& around, pipeline_id id);

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  // pipeline_runs
  [[nodiscard]] const pipeline_record& record() const override { return *record_; }
  [[nodiscard]] partition_id partition() const override { return partition_of(id_.slot(), around_.partition_count); }
  [[nodiscard]] result<run_record> launch(run_order order, timestamp now, proposal& out) override;
  [[nodiscard]] result<void> check_parameters(const value& parameters) override;

  /// Begins a run of `graph`, or lets it wait. @param parameters bound.
  [[nodiscard]] run_record give_birth(run_order& order, const std::shared_ptr<const bound_plan>& graph,
                                      value parameters, timestamp now, proposal& out);
  [[nodiscard]] std::uint32_t limit() const { return graph_->definition.concurrency; }

  [[nodiscard]] result<void> load();
  /// The newest revision's plan, and with it what was written.
  [[nodiscard]] result<void> load_graph();
  [[nodiscard]] result<void> load_newest();
  /// The pipeline as `workspace` sees it: `errc::not_found` for another's or a deleted one.
  [[nodiscard]] result<void> require(workspace_id workspace);
  [[nodiscard]] result<void> require_state(const std::optional<pipeline_state>& wanted) const;
  /// The pipeline is in another state from now on.
  void note_change(timestamp now);

  [[nodiscard]] result<pipeline_view> create(create_pipeline& command, proposal& out);
  [[nodiscard]] result<pipeline_view> update(update_pipeline& command, timestamp now, proposal& out);
  [[nodiscard]] result<void> remove(delete_pipeline& command, timestamp now, proposal& out);
  [[nodiscard]] result<started_run> start(start_run& command, timestamp now, proposal& out);
  [[nodiscard]] result<schedule_view> change_schedule(schedule_changed& command, timestamp now, proposal& out);
  [[nodiscard]] result<void> remove_schedule(const schedule_deleted& command, timestamp now, proposal& out);
  /// What `decide` answers about a pipeline of this workspace.
  template <class F>
  [[nodiscard]] auto decided(workspace_id workspace, F decide) -> decltype(decide()) {
    if (auto there = require(workspace); !there) return unexpected(std::move(there).error());
    if (auto loaded = load_graph(); !loaded) return unexpected(std::move(loaded).error());
    return decide();
  }
  /// What other things than clients tell.
  void hear(pipeline_command& command, timestamp now, proposal& out);
  /// @param loaded whether the pipeline is there.
  void fire_due(fire_schedules& command, bool loaded, timestamp now, proposal& out);
  void end_of(const run_over& message, timestamp now, proposal& out);
  void take_up_all(timestamp now, proposal& out);
  void forget_stored_children();
  void clear(const clear_step& command, timestamp now, proposal& out);
  /// Whether that timer is the one that was set last: timers may come twice.
  [[nodiscard]] bool awaits(const keys::timer& timer) const;
  /// Cancels runs that have not ended. @returns whether there were any.
  [[nodiscard]] bool cancel_runs(proposal& out) const;
  /// Takes out runs as far as there is room. @returns whether any were left.
  [[nodiscard]] bool clear_runs(bounded_removal& room, proposal& out) const;
  /// @returns whether the run is gone; else there is more of it for the next step.
  [[nodiscard]] bool clear_run(run_id id, bounded_removal& room, proposal& out) const;
  /// Schedules, backfills and dependencies. @returns whether any were left.
  [[nodiscard]] bool clear_starters(bounded_removal& room, proposal& out);
  /// Removes some of the counters of its runs. Answers whether there were any.
  [[nodiscard]] bool clear_counts(proposal& out) const;
  /// What else is the pipeline's, and at last itself. @returns whether it is gone.
  [[nodiscard]] bool clear_self(bounded_removal& room, proposal& out) const;
  void set_clear_timer(timestamp due, proposal& out);

  /// As answered to whoever wrote it: `newest_` must be there.
  [[nodiscard]] pipeline_view view();
  void store_header(proposal& out) const;
  void store_revision(const compiled_definition& compiled, timestamp now, const std::string& by, proposal& out);
  [[nodiscard]] keys::timer clear_timer(timestamp due) const;
  const entity_surroundings& around_;
  pipeline_id id_;
  std::optional<pipeline_record> record_;
  std::optional<opened_revision> newest_;   ///< Once it was needed.
  std::shared_ptr<const bound_plan> graph_; ///< Of the newest revision, once it was needed.
  /// Runs asked for by parents since this was read from the store: their births may not be in the store yet.
  std::unordered_set<run_id> children_;
  std::size_t forget_children_at_ = 4'096; ///< How many may be held before those in the store are let go.
  lease_book leases_;
  schedule_book schedules_;
  backfill_book backfills_;
  dependency_book dependencies_;
  std::optional<timestamp> clear_at_; ///< Of the timer for the next step of clearing, if this has set one.
};

} // namespace penstock
