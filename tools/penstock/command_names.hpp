#pragma once

#include "tools/penstock/commands.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

[[nodiscard]] bool is_group(std::span<const command_row> commands, std::string_view word);

/// The command that the first word or two name.
/// @returns `exit_code::usage` with what may have been meant
[[nodiscard]] outcome<command_row> find_command(std::span<const command_row> commands,
                                                const std::vector<std::string>& words);

} // namespace penstock::cli
