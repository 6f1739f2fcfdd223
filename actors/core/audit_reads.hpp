#pragma once

#include "actors/audit_operations.hpp"
#include "storage/store.hpp"

namespace penstock {

/// A page of a workspace's audit log, newest first, merged from all partitions.
/// @returns `errc::corrupt_record` if an entry does not decode.
[[nodiscard]] result<audit_page> read_audit(const state_reader& state, partition_id partition_count,
                                            workspace_id workspace, const audit_filter& filter, std::uint32_t limit,
                                            std::optional<audit_cursor> before);

} // namespace penstock
