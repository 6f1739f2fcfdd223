#pragma once

#include "runtime/connectors/table_file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

// Why a CSV file cannot be read, in a sentence that names the line.

/// A query of one VARCHAR column for the lines as they stand, from the first that is not skipped; NULL for one without a
/// character.
[[nodiscard]] std::string csv_lines_query(const tabular_file& csv, std::uint64_t skipped);

/// A query that reads all as text in so many columns. Its failure tells the line, which that of `table_query` may not,
/// for it looks for something that fits all lines first.
[[nodiscard]] std::string csv_strict_query(const tabular_file& csv, std::uint64_t skipped, std::size_t columns);

/// How many fields a line of CSV has; nothing if a quoted one goes on in the next.
[[nodiscard]] std::optional<std::size_t> count_csv_fields(std::string_view line, std::string_view delimiter);

/// DuckDB's words about a line, without its advice on options that nobody can set: "Line 2 of 'a.csv' has 3 fields where
/// the heading has 2."; nothing if they name no line.
[[nodiscard]] std::optional<std::string> csv_mistake(const std::string& words, const tabular_file& csv);

} // namespace penstock
