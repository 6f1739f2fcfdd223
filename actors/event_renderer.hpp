#pragma once

#include "actors/operations.hpp"

#include <functional>
#include <string>

namespace penstock {

/// What webhooks say of their subjects, as JSON. The words are those of the REST surfaces, which lie above; whoever starts
/// a node hands them in. Called by decisions, from any thread; must not block.
struct event_renderer {
  std::function<std::string(const run_view& run)> job;                ///< `data` of `job.…`.
  std::function<std::string(const run_view& run)> etl_run;            ///< `data` of `etl.run.…`.
  std::function<std::string(const pipeline_view& pipeline)> pipeline; ///< `data` of `pipeline.…`.
  std::function<std::string(const run_view& run)> callback;           ///< The whole body of a `trigger.callback`.
};

} // namespace penstock
