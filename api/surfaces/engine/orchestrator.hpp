#pragma once

#include "api/route.hpp"

namespace penstock {
struct run_view;
}

namespace penstock::engine_surface {

/// The rows of `/api/v1/orchestrator` for incoming webhooks.
[[nodiscard]] surface orchestrator_routes();

/// The body that tells the sender of an incoming webhook that its run has ended.
[[nodiscard]] std::string callback_json(const run_view& run);

} // namespace penstock::engine_surface
