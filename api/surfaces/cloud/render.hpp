#pragma once

#include "actors/operations.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace penstock {
class json_writer;
}

/// Pipelines, jobs and ETL runs as the cloud surface shows them; the data of webhook events has the same form.
namespace penstock::cloud {

/// This surface's word for a status: `succeeded` is `completed` here.
[[nodiscard]] std::string_view status_word(run_status s) noexcept;
[[nodiscard]] std::optional<run_status> parse_status(std::string_view word) noexcept;

/// `active`, `paused` (it is not enabled), or `error` (enabled, and the last of its runs to end failed).
[[nodiscard]] std::string_view status_word(const pipeline_view& p) noexcept;

/// `prefix`, and the id as 32 hex digits, e.g. `job_019ab3…`.
[[nodiscard]] std::string public_id(std::string_view prefix, const uuid& id);
[[nodiscard]] std::string pipeline_text(pipeline_id id); ///< `pipe_…`
[[nodiscard]] std::string job_text(run_id id);           ///< `job_…`
[[nodiscard]] std::string workflow_text(pipeline_id id); ///< `wf_…`
[[nodiscard]] std::string etl_run_text(run_id id);       ///< `run_…`

// Members of an object that the caller begins and ends.

/// A job as lists show it.
void write_job(json_writer& w, const run_view& run);
/// A run of an ETL workflow as lists show it.
void write_etl_run(json_writer& w, const run_view& run);
/// A pipeline as lists show it.
void write_pipeline(json_writer& w, const pipeline_view& p);
/// Member `warnings`, if there are any.
void write_warnings(json_writer& w, const pipeline_view& p);
/// A pipeline as an ETL workflow, as lists show it.
void write_workflow(json_writer& w, const pipeline_view& p);

// The same as whole JSON objects.

[[nodiscard]] std::string job_json(const run_view& run);
[[nodiscard]] std::string etl_run_json(const run_view& run);
[[nodiscard]] std::string pipeline_json(const pipeline_view& p);

} // namespace penstock::cloud
