#pragma once

#include "tools/command_line.hpp"
#include "tools/config.hpp"
#include "tools/penstock/api_client.hpp"
#include "tools/penstock/outcome.hpp"

#include <string>

namespace penstock::cli {

/// The server that is meant: of the option, the variable, or this machine's.
/// @returns `exit_code::usage` for what is no URL of a server
[[nodiscard]] outcome<std::string> find_server(const command_line& line, const environment& variables);

/// The API key: of the option, the variable, or the file; an empty text if there is none.
/// @returns `exit_code::unauthorized` for what can be no key, `exit_code::local_file` if the file cannot be read
[[nodiscard]] outcome<api_key> find_key(const command_line& line, const environment& variables);

} // namespace penstock::cli
