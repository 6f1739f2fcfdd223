#pragma once

#include "runtime/error.hpp"
#include "runtime/lifecycle/run_state.hpp"
#include "runtime/plan/placeholders.hpp"

#include <memory>
#include <optional>

namespace penstock {

/// The items that a `for_each` of a count or a list goes over, with the run's parameters bound.
struct item_list {
  std::uint32_t total = 0;
  value list; ///< Null when the items are just numbers.
};

/// @returns `errc::invalid_argument` if a placeholder gives neither a count up to 100,000 nor a list.
[[nodiscard]] result<item_list> items_of(const for_each_spec& spec, const value& parameters);

[[nodiscard]] std::unique_ptr<fan_state> open_fan(std::uint32_t total, value list);

/// What `{{ item }}` is for item `index`.
[[nodiscard]] value item_value(const fan_state& fan, std::uint32_t index);

/// `what` with placeholders bound to the run's parameters, its id and time, and the item if there is one.
[[nodiscard]] result<value> bind_value(const run_record& run, const value& parameters, const value& what,
                                       const value* item);

/// What the placeholders of one attempt are bound to. Small, and good for as long as it is kept, in any thread: whoever
/// does the attempt binds when it comes to its turn.
struct attempt_binding {
  std::shared_ptr<const bound_plan> graph;
  std::shared_ptr<const value> parameters;
  task_index task = 0;
  value run; ///< What `{{ run.… }}` is.
  std::optional<value> item;

  [[nodiscard]] const task_spec& spec() const { return graph->task(task); }
  /// @param budget shared by all that is bound for the attempt.
  [[nodiscard]] result<value> bind(const value& what, placeholder_budget& budget) const;
};

[[nodiscard]] attempt_binding binding_of(const run_state& run, task_index task, std::uint32_t item);

/// What a run says of itself when this task's failure made it fail.
[[nodiscard]] std::string error_of_run(const task_spec& task, const std::string& error_text);

/// When a `sleep` task with these bound fields wakes.
/// @returns `errc::invalid_argument` naming `seconds` or `until` if it is no number of seconds or no time.
[[nodiscard]] result<timestamp> sleep_due(const value& config, timestamp now);

} // namespace penstock
