#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock {

/// Splits a SQL text into its statements at semicolons outside of quotes ('…', E'…', "…", $tag$…$tag$) and comments
/// (--, nested /* */), as PostgreSQL and DuckDB read them.
/// @returns parts of `text` without their semicolon and the white space around; statements of nothing but comments are
/// left out. A quote or comment that is not closed reaches to the end.
[[nodiscard]] std::vector<std::string_view> split_sql(std::string_view text);

enum class sql_token_kind : std::uint8_t { name, quoted_name, mark };

/// A name, of a quoted one what its quotes hold, or one of the other characters.
struct sql_token {
  std::string_view text;
  sql_token_kind kind = sql_token_kind::mark;
};

/// The names and marks of a SQL text, without numbers, texts and comments.
[[nodiscard]] std::vector<sql_token> sql_tokens(std::string_view text);

} // namespace penstock
