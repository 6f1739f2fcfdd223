#pragma once

#include "runtime/model/records.hpp"
#include "storage/store.hpp"

#include <vector>

/// What is written of runs beside their records so that lists, counts and figures over time need not read them: index
/// entries by workspace and status, and counts by the time of their birth (the millisecond in their id) and of their end.
/// All of it goes into the commit of the change it reports. `run_lists` and `run_figures` read it.
namespace penstock::run_history {

/// Runs of one pipeline that were born at once: they are counted together.
struct births {
  pipeline_id pipeline;
  workspace_id workspace;
  run_status status = run_status::running;
  timestamp at;
  std::int64_t count = 0;
};

/// A run was made, `pending` or `running`. It is yet to be counted.
void born(mutation_batch& out, std::vector<births>& to_count, partition_id p, const run_record& run);
void count(mutation_batch& out, partition_id p, const births& what);

/// A run's status changed from `from` to what it has now. A run that ended has its `ended_at` and `bytes`.
void moved(mutation_batch& out, partition_id p, const run_record& run, run_status from);

/// A run of a deleted pipeline goes. What was counted by the time of its end stays, as it did happen.
void cleared(mutation_batch& out, partition_id p, const run_record& run);

} // namespace penstock::run_history
