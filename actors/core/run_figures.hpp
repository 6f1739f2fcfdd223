#pragma once

#include "actors/run_figure.hpp"
#include "runtime/model/ids.hpp"
#include "storage/store.hpp"

#include <vector>

namespace penstock {

/// One point per interval that the query's range touches, oldest first, with zeros where nothing happened. Reads the
/// counters that `run_history` writes, whole days at once where it can, so the cost follows the number of points and not
/// the history. Reads the durable state, not in one instant.
[[nodiscard]] std::vector<figure_point> run_figures(const state_reader& state, partition_id partitions,
                                                    workspace_id owner, const figure_query& query);

} // namespace penstock
