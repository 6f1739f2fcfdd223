#pragma once

#include "runtime/engines/descriptor.hpp"
#include "runtime/expected.hpp"

#include <string>

namespace penstock {

/// Opens what `name` means below a directory without ever leaving it, whoever changes names and links meanwhile: neither
/// over `..` nor over a link that leads out, is absolute, or is one of /proc.
/// @param directory a descriptor
/// @param name relative
/// @param flags of open(2); O_CLOEXEC is added
/// @returns the errno: EXDEV if the name leads out, ELOOP if it holds a link and this system cannot follow it safely.
[[nodiscard]] expected<descriptor, int> open_beneath(int directory, const std::string& name, int flags);

/// The same without openat2(2), which some containers forbid: links are not followed at all.
[[nodiscard]] expected<descriptor, int> walk_beneath(int directory, const std::string& name, int flags);

} // namespace penstock
