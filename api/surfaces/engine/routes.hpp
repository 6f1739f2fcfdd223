#pragma once

#include "api/route.hpp"

namespace penstock::engine_surface {

/// The engine surface: `/api/v1/pipelines…` and `/api/v1/runs…`, camel case, YAML definitions.
[[nodiscard]] surface routes();

} // namespace penstock::engine_surface
