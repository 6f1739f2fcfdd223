#pragma once

#include "actors/operations.hpp"
#include "api/response.hpp"

#include <string>
#include <string_view>

namespace penstock::engine_surface {

/// `overallStatus` of a run.
[[nodiscard]] std::string_view status_word(run_status s) noexcept;

/// `status` of a pipeline: DRAFT before its first run, then that of the newest one.
[[nodiscard]] std::string_view pipeline_status(const pipeline_view& p) noexcept;

[[nodiscard]] response render_pipeline(int status, const pipeline_view& p);
/// Without `yamlDefinition`, with `X-Total-Count`.
[[nodiscard]] response render_pipelines(const listing<pipeline_view>& pipelines);

/// The answer to a start.
[[nodiscard]] response render_started(const run_view& run);
/// The object of GET run, which is each message of the stream as well.
[[nodiscard]] std::string run_status_json(const run_view& run);

} // namespace penstock::engine_surface
