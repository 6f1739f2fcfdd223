#pragma once

#include "api/route.hpp"

namespace penstock::pipelines {

/// The pipelines surface: `/api/pipelines…`, bare objects and arrays.
[[nodiscard]] surface routes();

} // namespace penstock::pipelines
