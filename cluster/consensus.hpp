#pragma once

#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"
#include "storage/log_writer.hpp"
#include "storage/store.hpp"

#include <cstdint>
#include <memory>

namespace penstock {

/// Agreement on the order of one partition's entries. Knows mutations as bytes and nothing of pipelines. Used by its
/// partition alone, from one thread at a time.
class consensus {
public:
  virtual ~consensus() = default;

  /// Hands over the next entry; it counts once `on_durable` answered at least its index. Entries are committed in order.
  /// @returns the entry's index, or `errc::unavailable` when this replica may not propose (any more).
  [[nodiscard]] virtual result<std::uint64_t> propose(timestamp clock, mutation_batch mutations) = 0;

  /// This replica's entries up to `index` are on its disk.
  /// @returns the index up to which entries are committed.
  [[nodiscard]] virtual std::uint64_t on_durable(std::uint64_t index) = 0;
};

/// A group of one: what is on its own disk is committed, log and state are one write, and no log is kept.
/// @param position where the partition's last entry stands in the store.
[[nodiscard]] std::unique_ptr<consensus> make_single_voter(partition_id partition, store::partition_position position,
                                                           log_writer& log);

} // namespace penstock
