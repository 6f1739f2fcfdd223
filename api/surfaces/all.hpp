#pragma once

#include "api/route.hpp"

#include <vector>

namespace penstock {

/// Every surface of the server. A new one is added here.
[[nodiscard]] std::vector<surface> all_surfaces();

} // namespace penstock
