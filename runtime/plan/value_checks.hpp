#pragma once

#include "runtime/plan/task_draft.hpp"

namespace penstock {

/// Checks one field of a task and may bring it into its usual form. A text that is one placeholder never gets here
/// unless the field takes texts, for what it becomes is known only in a run.
using value_check = void (*)(value& v, const field_path& path, task_draft& draft, compile_context& ctx);

void check_any(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_text(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_bool(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_object(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// An object of texts; numbers, true and false in it become texts.
void check_text_map(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// The same for headers of HTTP, without those that a request sets itself.
void check_headers(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// The name of a file below the files directory.
void check_path(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_statements(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// An absolute http or https URL.
void check_url(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// A method of HTTP, made capital.
void check_method(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// A status, a class such as 2xx, a range such as 200-299, or a list of those.
void check_expect(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// How a program's or server's output is read as a table: {format, columns, header, delimiter}.
void check_output(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// Objects; or lists of as many values as `columns` names, which `settle_rows` of task_fields.cpp sees to.
void check_rows(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
/// A list of names, or an object of names and SQL types.
void check_columns(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_delimiter(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_file_format(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_seconds(value& v, const field_path& path, task_draft& draft, compile_context& ctx);
void check_until(value& v, const field_path& path, task_draft& draft, compile_context& ctx);

} // namespace penstock
