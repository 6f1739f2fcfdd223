#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

/// The rows of `/v1/webhooks`.
[[nodiscard]] surface webhook_routes();

} // namespace penstock::cloud
