#pragma once

#include "tools/config.hpp"
#include "tools/penstock/outcome.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace penstock::cli {

/// Runs the command line program `penstock`.
/// @param arguments those behind the program's name
[[nodiscard]] exit_code run_program(const std::vector<std::string>& arguments, const environment& variables,
                                    std::ostream& out, std::ostream& err);

} // namespace penstock::cli
