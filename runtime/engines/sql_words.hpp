#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// DuckDB's messages in terms of what the user wrote. They end with the statement's line and a mark below the place:
// "…\n\nLINE 1: select x\n               ^".

/// Without the statement, which is none of the user's.
[[nodiscard]] std::string without_statement(std::string words);

/// With the statement as the user wrote it, without what was put before it to copy what it gives.
[[nodiscard]] std::string without_wrapping(std::string words);

/// What a table is that there is not: where it is one of `other_tasks` that it must be needed. DuckDB proposes tables of
/// its own instead, which help nobody.
[[nodiscard]] std::string with_tasks_named(std::string words, const std::vector<std::string>& other_tasks);

} // namespace penstock
