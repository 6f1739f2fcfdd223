#pragma once

#include <string>

namespace penstock {

/// The keeper of SQL children: loads DuckDB and opens an empty database once; each child is a fork of that and so ready
/// within a few milliseconds. A child answers frames on its standard input: `{"parse": sql}` any number of times, or
/// one `{"job": …}`, after which it ends. @returns the exit code.
[[nodiscard]] int run_sql_keeper(const std::string& library);

} // namespace penstock
