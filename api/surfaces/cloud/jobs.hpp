#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

/// `/v1/jobs…`: runs of all pipelines, their logs, and cancelling.
[[nodiscard]] surface job_routes();

} // namespace penstock::cloud
