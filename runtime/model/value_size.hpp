#pragma once

#include "runtime/model/value.hpp"

#include <cstddef>

namespace penstock {

/// About how many bytes of memory a value takes, with all that is in it.
[[nodiscard]] std::size_t memory_bytes(const value& v);

} // namespace penstock
