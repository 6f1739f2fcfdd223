#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

/// ETL workflows, which are the pipelines of type `etl`, and their runs.
[[nodiscard]] surface workflow_routes();

} // namespace penstock::cloud
