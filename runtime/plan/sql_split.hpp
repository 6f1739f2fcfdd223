#pragma once

#include <string_view>
#include <vector>

namespace penstock {

/// Splits a SQL text into its statements at semicolons outside of quotes ('…', E'…', "…", $tag$…$tag$) and comments
/// (--, nested /* */), as PostgreSQL and DuckDB read them.
/// @returns parts of `text` without their semicolon and the white space around; statements of nothing but comments are
/// left out. A quote or comment that is not closed reaches to the end.
[[nodiscard]] std::vector<std::string_view> split_sql(std::string_view text);

} // namespace penstock
