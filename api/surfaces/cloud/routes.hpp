#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

/// The cloud surface: `/v1/api-keys` and `/v1/whoami`.
[[nodiscard]] surface routes();

} // namespace penstock::cloud
