#pragma once

#include "runtime/error.hpp"
#include "runtime/lifecycle/run_state.hpp"

#include <memory>

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

/// A task's own fields with placeholders bound, as the worker's engines see them.
[[nodiscard]] result<value> bind_config(const run_state& run, task_index task, std::uint32_t item);

/// What a run says of itself when this task's failure made it fail.
[[nodiscard]] std::string error_of_run(const task_spec& task, const std::string& error_text);

/// When a `sleep` task with these bound fields wakes.
/// @returns `errc::invalid_argument` naming `seconds` or `until` if it is no number of seconds or no time.
[[nodiscard]] result<timestamp> sleep_due(const value& config, timestamp now);

} // namespace penstock
