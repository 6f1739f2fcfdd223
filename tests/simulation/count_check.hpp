#pragma once

#include "runtime/model/ids.hpp"
#include "storage/store.hpp"

namespace penstock::simulation {

/// Counts the runs that are stored, one by one, and checks every counter and index entry of runs against that.
void check_counts(const state_reader& state, partition_id partitions);

} // namespace penstock::simulation
