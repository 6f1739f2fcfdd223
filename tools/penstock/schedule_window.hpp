#pragma once

#include "runtime/model/value.hpp"
#include "tools/penstock/outcome.hpp"

#include <string>
#include <vector>

namespace penstock::cli {

/// Reads maintenance windows as the command line takes them: `22:00-02:00`, `SAT,SUN 00:00-24:00`, two RFC 3339 times
/// with a slash between them, or a JSON object as the API takes it; a single `none` is no window at all.
/// @returns `exit_code::usage` for anything else; whether times and days are right is the server's to say
[[nodiscard]] outcome<value> read_windows(const std::vector<std::string>& given);

/// A window as `read_windows` takes it.
[[nodiscard]] std::string show_window(const value& window);

/// Text as it is, anything else as JSON.
[[nodiscard]] std::string show_value(const value& v);

} // namespace penstock::cli
