#pragma once

#include "actors/core/system_core.hpp"

namespace penstock {

/// Writes a dependency between two pipelines of its workspace.
/// @returns `errc::already_exists` if the two are connected like that, `errc::invalid_argument` if it closes a cycle, which
/// is named by the pipelines' ids.
[[nodiscard]] result<void> add_dependency(system_draft& draft, const dependency_record& record);

/// @returns `errc::not_found` for an unknown one or another workspace's.
[[nodiscard]] result<void> remove_dependency(system_draft& draft, workspace_id workspace, dependency_id id);

/// The most dependencies that end at one pipeline.
inline constexpr std::size_t upstreams_max = 100;

} // namespace penstock
