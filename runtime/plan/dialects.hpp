#pragma once

#include "runtime/plan/task_draft.hpp"

#include <string_view>
#include <vector>

namespace penstock {

// Each dialect fills `ctx.drafts` from a definition, an object, and reports what is wrong with it. Values are moved out
// of `root`.

/// `tasks`: our own form, DESIGN section 8.
/// @param tasks_name what the definition calls its tasks, where that is misspelt
void compile_native(value& root, compile_context& ctx, std::string_view tasks_name = "tasks");
/// `source`, `transformations` and `destination`, as the pipelines surface documents them.
void compile_pipelines(value& root, compile_context& ctx);
/// `source.connection` and `target.connection`, or `sources`, `transformations`, `sinks` and `quality_checks`.
void compile_engine(value& root, compile_context& ctx);

/// Reads a field that all dialects have in common: parameters, timeout, defaults, name, description.
/// @returns false if there is no such field; then nothing happened.
bool take_head_field(std::string_view name, value& v, const field_path& path, compile_context& ctx);
[[nodiscard]] const std::vector<std::string_view>& head_field_names();

/// Reports a field that a definition does not have, with the one of `known` that was meant for it.
void refuse_head_field(std::string_view name, const value& v, const std::vector<std::string_view>& known,
                       compile_context& ctx);
/// "; give it …" for a field that a definition does not have but something beside it; else nothing.
[[nodiscard]] std::string where_it_belongs(std::string_view name);

} // namespace penstock
