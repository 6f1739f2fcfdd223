#pragma once

#include "actors/core/entity_core.hpp"
#include "runtime/lifecycle/run.hpp"

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace penstock {

/// A run: the pure lifecycle with its records, sealed fields, indexes and counters around it.
class run_core final : public entity_core {
public:
  /// A run that is in the store; it is read at its first command.
  run_core(const entity_surroundings& around, run_id id);

  /// A run that was just decided on by its pipeline: puts its header, indexes and first changes into `out`.
  [[nodiscard]] static std::unique_ptr<run_core> give_birth(const entity_surroundings& around, run_record header,
                                                            std::shared_ptr<const bound_plan> graph,
                                                            std::shared_ptr<const value> parameters, timestamp now,
                                                            proposal& out);

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

  [[nodiscard]] const run_state& state() const noexcept { return *state_; }

private:
  run_core(const entity_surroundings& around, run_state state);

  [[nodiscard]] result<void> load();
  [[nodiscard]] result<void> decide_and_apply(const run_command& command, timestamp now, proposal& out);
  /// @param before the run's status before the decision.
  void store(const run_change& change, run_status before, proposal& out) const;
  /// As clients see it; without tasks.
  [[nodiscard]] run_view view() const;
  void store_message(const message_left& left, proposal& out) const;
  void store_begin(proposal& out) const;
  void store_end(run_status before, proposal& out) const;
  /// Leaves a message for each pipeline that depends on this run's.
  void tell_dependents(proposal& out) const;
  void add_effect(run_effect effect, proposal& out);
  /// What concerns pools and priorities; `run_pools.cpp`.
  void store_pool_change(const run_change& change, proposal& out) const;
  void store_priority(const priority_changed& change, proposal& out) const;
  void ask_pool_of(const ask_lease& effect, proposal& out) const;
  [[nodiscard]] pool_name name_of(const std::string& pool) const { return {state_->header.workspace, pool}; }
  /// Small, whatever the task's size: thousands of them may wait.
  [[nodiscard]] std::shared_ptr<attempt_request> request_for(const attempt_ref& ref);
  void add_paths(attempt_request& request) const;
  [[nodiscard]] input_table input_of(task_index need) const;
  /// The tables of all that a task needs; items of one task share them.
  [[nodiscard]] std::shared_ptr<const std::vector<input_table>> inputs_of(const attempt_ref& ref);
  [[nodiscard]] keys::timer timer_key(const timer_fired& what) const;
  [[nodiscard]] partition_id partition() const noexcept { return partition_of(id_.slot(), around_.partition_count); }
  [[nodiscard]] result<pipeline_id> find_pipeline(const std::string& name) const;

  const entity_surroundings& around_;
  run_id id_;
  std::optional<run_state> state_;
  std::unordered_map<task_index, std::shared_ptr<const std::vector<input_table>>> item_inputs_; ///< Of open `for_each`.
};

/// Kinds of messages: a number once given is never reused.
inline constexpr std::uint8_t message_child_ended = 1;
inline constexpr std::uint8_t message_cancel = 2;
inline constexpr std::uint8_t message_upstream_ended = 3;
// 4 to 6 are for pools.
inline constexpr std::uint8_t message_stop_child = 7;

/// A message from a run as it lies in the outbox.
struct message_record {
  run_id from;
  run_id to; ///< Or, by its kind, the id of a pipeline.
  std::uint8_t kind = 0;
  std::uint32_t task = 0;
  std::uint32_t item = 0;
  run_status status = run_status::failed;
  std::string sealed_text;
  workspace_id workspace;
  dependency_record dependency;       ///< Of `message_upstream_ended`.
  std::optional<pipeline_id> through; ///< Of `message_stop_child`: the pipeline of the run `to`.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "from", s.from);
    v(2, "to", s.to);
    v(3, "kind", s.kind);
    v(4, "task", s.task);
    v(5, "item", s.item);
    v(6, "status", s.status);
    v(7, "sealed_text", s.sealed_text);
    v(8, "workspace", s.workspace);
    v(9, "dependency", s.dependency);
    v(10, "through", s.through);
  }
};

/// What a message of the outbox tells its receiver.
/// @returns `errc::corrupt_record` if it does not decode.
[[nodiscard]] result<send_message> read_message(const sealer& seals, std::string_view key, std::string_view bytes);

/// An earlier attempt as it lies in the history.
struct archived_attempt_record {
  timestamp started_at;
  timestamp ended_at;
  std::string sealed_error;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "started_at", s.started_at);
    v(2, "ended_at", s.ended_at);
    v(3, "sealed_error", s.sealed_error);
  }
};

/// Calls `take(task, attempt)` for the earlier attempts of a run's tasks in their order, until it answers false.
/// @returns `errc::corrupt_record` if one does not decode.
[[nodiscard]] result<void> read_attempts(const state_reader& state, const sealer& seals, const run_record& run,
                                         const std::function<bool(task_index, attempt_view)>& take);

/// The run with its sealed fields opened and taken out of the record; without tasks.
[[nodiscard]] run_view open_run(const sealer& seals, run_record record);

/// Reads all task records of a run, opened.
[[nodiscard]] result<std::vector<stored_task>> read_tasks(const state_reader& state, const sealer& seals,
                                                          const run_record& run);

/// The plan a run follows: its own, or its revision's.
[[nodiscard]] result<std::shared_ptr<const bound_plan>> plan_of(const entity_surroundings& around,
                                                                const run_record& run);

} // namespace penstock
