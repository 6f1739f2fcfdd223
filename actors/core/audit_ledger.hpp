#pragma once

#include "actors/core/entity_core.hpp"

namespace penstock {

/// The entity that keeps a partition's audit log. Its id lies in the partition's first slot.
[[nodiscard]] uuid audit_ledger_of(partition_id p, partition_id partition_count) noexcept;

/// What there is to do about a partition's audit log beside the changes themselves, whose entries are written in their own
/// commits: refusals are kept, and old entries are cleared.
class audit_ledger final : public entity_core {
public:
  audit_ledger(const entity_surroundings& around, const uuid& id);

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  /// Looks at a bounded number of workspaces, and at nothing in them but what is to go.
  /// @returns where to go on; empty: nothing is left.
  [[nodiscard]] std::string clear(const clear_audit& command, proposal& out) const;

  const entity_surroundings& around_;
  uuid id_;
  partition_id partition_;
};

} // namespace penstock
