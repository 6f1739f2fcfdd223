#pragma once

#include "actors/core/system_core.hpp"

#include <functional>

namespace penstock {

/// Writes a dependency between two pipelines of its workspace.
/// @param name_of How a pipeline is called in messages; null: by its id.
/// @returns `errc::already_exists` if the two are connected already, `errc::invalid_argument` if it closes a cycle, which
/// is told pipeline by pipeline.
[[nodiscard]] result<void> add_dependency(system_draft& draft, const dependency_record& record,
                                          const std::function<std::string(pipeline_id)>& name_of = {});

/// @returns `errc::not_found` for an unknown one or another workspace's.
[[nodiscard]] result<void> remove_dependency(system_draft& draft, workspace_id workspace, dependency_id id);

/// The most dependencies that end at one pipeline.
inline constexpr std::size_t upstreams_max = 100;

} // namespace penstock
