#pragma once

#include "runtime/plan/task_draft.hpp"

#include <string_view>
#include <vector>

namespace penstock {

/// A field of a task as it is written, whatever dialect puts it where.
struct written_field {
  std::string_view name;
  value* v = nullptr;                 ///< Moved into the task's config.
  const field_path* around = nullptr; ///< Path of the object that holds it.
  std::string_view shown = {};        ///< Its name in that object where it is another; empty: `name`.

  [[nodiscard]] field_path path() const noexcept { return around->member(shown.empty() ? name : shown); }
};

/// Checks the fields that belong to the task's type (`spec.type`) and moves them into `spec.config`. A source or sink
/// that names a connector this server does not have gets all fields unread, `spec.unavailable` and a warning.
void take_type_fields(task_draft& draft, const std::vector<written_field>& fields, const field_path& task,
                      compile_context& ctx);

/// Whether tasks of this shape leave a table behind, which others can read under the task's id.
[[nodiscard]] bool makes_table(const task_spec& spec) noexcept;

/// The connectors of this server.
[[nodiscard]] const std::vector<std::string_view>& connector_names();

/// Marks a task as accepted but not runnable here, and warns.
/// @param field where the definition says so, if it is to be told beside problems
void mark_unavailable(task_draft& draft, std::string reason, compile_context& ctx, std::string field = {},
                      value::place at = {});

} // namespace penstock
