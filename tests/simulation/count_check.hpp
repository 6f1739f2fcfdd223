#pragma once

#include "runtime/model/records.hpp"
#include "storage/store.hpp"

#include <vector>

namespace penstock::simulation {

[[nodiscard]] std::vector<run_record> stored_runs(const state_reader& state);

/// Counts the runs that are stored, one by one, and checks every counter and index entry of runs against that, and what
/// is read of them as figures over time.
/// @param gone Runs that were deleted with their pipeline: what is counted of them for good counts, too.
void check_counts(const state_reader& state, partition_id partitions, const std::vector<run_record>& gone = {});

} // namespace penstock::simulation
