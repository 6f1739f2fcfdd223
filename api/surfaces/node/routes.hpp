#pragma once

#include "api/route.hpp"

namespace penstock::node {

/// The server itself: health, readiness, metrics, and the description of the API.
[[nodiscard]] surface routes();

} // namespace penstock::node
