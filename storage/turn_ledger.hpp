#pragma once

#include "storage/turn_format.hpp"

#include <cstdint>
#include <map>
#include <shared_mutex>
#include <vector>

namespace penstock {

/// How far a partition is, with the hash of its history.
struct partition_progress {
  std::uint64_t index = 0;
  std::int64_t clock_ms = 0;
  chain_hash chain{};
};

/// What a turn makes of the ledger; not in force until it is committed.
struct planned_turn {
  std::uint64_t turn = 0;
  chain_hash before{};
  chain_hash after{};
  std::map<std::uint16_t, partition_progress> partitions; ///< Those of the turn's entries, in order.
};

/// Which turn was the last and how far each partition is. Kept by every store alike. `position` may be called by any
/// thread, the rest by the writer's.
class turn_ledger {
public:
  /// Takes up what an earlier start left.
  void restore(std::uint64_t turn, const chain_hash& chain);
  void restore(std::uint16_t partition, const partition_progress& progress);

  /// @returns `errc::internal` unless each partition's entries go on where it stood, with a clock that does not run
  /// backwards: then a bug upstream would write what no start could prove, so nothing may be written.
  [[nodiscard]] result<planned_turn> plan(const std::vector<turn_entry>& entries) const;
  void commit(const planned_turn& planned);

  [[nodiscard]] std::uint64_t turn() const noexcept { return turn_; }
  [[nodiscard]] const chain_hash& chain() const noexcept { return chain_; }
  [[nodiscard]] store::partition_position position(std::uint16_t partition) const;
  [[nodiscard]] const std::map<std::uint16_t, partition_progress>& partitions() const noexcept { return partitions_; }

private:
  std::uint64_t turn_ = 0;
  chain_hash chain_{};
  mutable std::shared_mutex mutex_; ///< Guards `partitions_` against readers.
  std::map<std::uint16_t, partition_progress> partitions_;
};

} // namespace penstock
