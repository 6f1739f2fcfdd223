#pragma once

#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace penstock::simulation {

/// Checks, when nothing is left to do, that nobody waits for something that does not come: each lease, each run in a
/// queue, and each mark of a schedule or backfill that has something to do, against the records.
void check_books(const state_reader& state, partition_id partitions);

} // namespace penstock::simulation
