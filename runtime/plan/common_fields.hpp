#pragma once

#include "runtime/plan/task_draft.hpp"

#include <string_view>
#include <vector>

namespace penstock {

/// Reads one field that every task may have (`needs`, `retries`, `timeout`, `when`, …; see common_fields.cpp).
/// @returns false if there is no such field; then nothing happened.
bool take_common_field(task_draft& draft, std::string_view name, value& v, const field_path& path,
                       compile_context& ctx);

/// The names of all such fields, `id` and `type` among them.
[[nodiscard]] const std::vector<std::string_view>& common_field_names();

/// `retries`: an integer N (N more attempts, one second apart) or {max | attempts, delay, backoff, max_delay, jitter}.
retry_policy read_retries(value& v, const field_path& path, compile_context& ctx);

/// `checks`: a list of {name, sql}, or of SQL texts.
std::vector<check_spec> read_checks(value& v, const field_path& path, task_draft& draft, compile_context& ctx);

/// References in a field that holds a list of task ids, or one.
std::vector<task_reference> read_references(value& v, const field_path& path, compile_context& ctx);

} // namespace penstock
