#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

/// `/v1/metrics`: counts of jobs over time.
[[nodiscard]] surface metric_routes();

} // namespace penstock::cloud
