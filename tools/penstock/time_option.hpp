#pragma once

#include "runtime/model/time.hpp"
#include "tools/penstock/outcome.hpp"

#include <string>
#include <string_view>

namespace penstock::cli {

/// A time as people give it, as the server takes it: `2026-01-31`, `2026-01-31T10:00:00Z`, or how long ago it was, such as
/// `30m`, `2h`, `3d`.
/// @param option for the message, with its dashes
/// @returns `exit_code::usage` for anything else
[[nodiscard]] outcome<std::string> read_time(std::string_view option, const std::string& text, timestamp now);

} // namespace penstock::cli
