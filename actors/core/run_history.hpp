#pragma once

#include "runtime/model/records.hpp"
#include "storage/store.hpp"

#include <optional>

/// What is written of runs beside their records so that lists, counts and figures over time need not read them: index
/// entries by workspace and status, and counts by the time of their birth (the millisecond in their id) and of their end.
/// All of it goes into the commit of the change it reports. `run_lists` and `run_figures` read it.
namespace penstock::run_history {

/// A run was made, `pending` or `running`.
void born(mutation_batch& out, partition_id p, const run_record& run);

/// A run's status changed from `from` to what it has now. A run that ended has its `ended_at` and `bytes`.
void moved(mutation_batch& out, partition_id p, const run_record& run, run_status from);

/// A run of a deleted pipeline goes. What was counted by the time of its end stays, as it did happen.
void cleared(mutation_batch& out, partition_id p, const run_record& run);

} // namespace penstock::run_history
