#pragma once

#include <string>

namespace penstock {

/// What keeps a definition from naming a file like this below the files directory: a name must be relative, without
/// `..`, and no pattern. Looks at no file.
/// @returns what the name does, e.g. "holds '..', which is not allowed"; empty if nothing is wrong.
[[nodiscard]] std::string files_name_mistake(const std::string& name);

} // namespace penstock
