#pragma once

#include "runtime/error.hpp"

#include <string>

namespace penstock {

/// The absolute path of a file that a definition names below the files directory. The name must be relative, without
/// `..`, and must not lead out over a symbolic link.
/// @returns `errc::invalid_argument` saying which rule was broken.
[[nodiscard]] result<std::string> path_below(const std::string& files_dir, const std::string& name);

} // namespace penstock
