#pragma once

#include "tools/penstock/commands.hpp"

#include <span>
#include <string>
#include <string_view>

namespace penstock::cli {

/// Options that every command takes.
[[nodiscard]] std::span<const option_row> global_options();

/// "pipeline apply".
[[nodiscard]] std::string name_of(const command_row& row);
/// "usage: penstock pipeline apply FILE…".
[[nodiscard]] std::string usage_of(const command_row& row);

/// What `penstock --help` prints.
[[nodiscard]] std::string overview();
/// What `penstock GROUP --help` prints.
[[nodiscard]] std::string help_of_group(std::string_view group);
/// What `penstock COMMAND --help` prints.
[[nodiscard]] std::string help_of(const command_row& row);

} // namespace penstock::cli
