#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The names, bare or quoted, that stand in a SQL text outside of texts and comments, in small letters, each once.
[[nodiscard]] std::vector<std::string> names_in_sql(std::string_view sql);

/// Those of them that are read as tables, behind FROM, JOIN and the commas after them, and that the text does not make
/// itself. Told from the words alone, so that a few that are read may be missing.
[[nodiscard]] std::vector<std::string> tables_in_sql(std::string_view sql);

} // namespace penstock
