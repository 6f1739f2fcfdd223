#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

/// `/v1/audit`: who changed what, or was refused to.
[[nodiscard]] surface audit_routes();

} // namespace penstock::cloud
