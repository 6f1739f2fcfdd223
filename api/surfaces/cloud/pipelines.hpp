#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

/// `/v1/pipelines…`: list, create, get, delete, trigger, pause and resume.
[[nodiscard]] surface pipeline_routes();

} // namespace penstock::cloud
