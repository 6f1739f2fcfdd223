#pragma once

#include "actors/operations.hpp"
#include "api/response.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::pipelines {

/// This surface's word for a status.
[[nodiscard]] std::string_view status_word(run_status s) noexcept;
[[nodiscard]] std::optional<run_status> parse_status(std::string_view word) noexcept;

/// With `ETag`, and `config` where `with_config` is set.
[[nodiscard]] response render_pipeline(int status, const pipeline_view& p, bool with_config);
[[nodiscard]] response render_pipelines(const listing<pipeline_view>& pipelines);

/// A run that was just started.
[[nodiscard]] response render_started(const run_view& run, bool waited);
/// The documented fields; with tasks also `rows` and `bytes` of the run.
[[nodiscard]] response render_run(const run_view& run, bool with_tasks);
[[nodiscard]] response render_runs(const listing<run_view>& runs);
/// @param next Number of the line behind the last one: where a client that follows goes on.
[[nodiscard]] response render_logs(const std::vector<log_line>& lines, std::uint64_t next);

} // namespace penstock::pipelines
