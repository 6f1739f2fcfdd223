#pragma once

#include "runtime/plan/task_draft.hpp"

#include <string_view>
#include <vector>

namespace penstock {

// Each reads one field and reports what is wrong with it, as a problem of the context.

/// @returns the text, or null with a problem added: "… must be text, not a list".
const std::string* expect_text(const value& v, const field_path& path, compile_context& ctx);
/// The same for a text that must hold something.
const std::string* expect_name(const value& v, const field_path& path, compile_context& ctx);
value::list* expect_list(value& v, const field_path& path, compile_context& ctx);
value::object* expect_object(value& v, const field_path& path, compile_context& ctx);
std::optional<bool> expect_bool(const value& v, const field_path& path, compile_context& ctx);
std::optional<task_priority> expect_priority(const value& v, const field_path& path, compile_context& ctx);
/// Milliseconds; `zero_allowed` for delays, but a timeout of nothing is none.
std::optional<std::uint64_t> expect_duration(const value& v, bool zero_allowed, const field_path& path,
                                             compile_context& ctx);

/// Adds "… must be <wanted>, not <kind>".
void wrong_kind(const value& v, std::string_view wanted, const field_path& path, compile_context& ctx);

/// Ids of tasks and names of parameters: a letter or `_`, then up to 99 letters, digits, `_` and `-`.
[[nodiscard]] bool is_identifier(std::string_view text) noexcept;

/// Checks every placeholder in the texts inside `v` and notes what they use.
void check_texts(const value& v, const field_path& path, task_draft& draft, compile_context& ctx);

/// A SQL text, which may hold placeholders: parsed by the engine, where there is one.
void check_sql(const std::string& sql, bool one_statement, value::place at, const field_path& path,
               compile_context& ctx);

} // namespace penstock
