#pragma once

#include "storage/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace penstock {

/// Makes entries of all partitions durable: whatever is queued becomes one turn, one write, one fsync.
class log_writer {
public:
  /// Called once per partition and turn after the turn is durable, with the index up to which it is.
  using committed_callback = std::function<void(std::uint16_t partition, std::uint64_t index)>;

  virtual ~log_writer() = default;

  /// Queues an entry; entries of one partition must come with consecutive indexes. Returns at once. Thread-safe.
  virtual void append(turn_entry entry) = 0;

  /// Entries queued and not yet durable, for admission and metrics.
  [[nodiscard]] virtual std::size_t depth() const noexcept = 0;

  /// Waits until everything queued is durable and the callbacks were called; then stops. Idempotent.
  virtual void stop() = 0;
};

struct log_writer_stats {
  std::uint64_t turns = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sync_ns = 0; ///< Time spent on writing turns.
};

/// Two threads that write turn after turn to `target`: where much waits, the next is prepared while one is written. A failed
/// write calls `on_failure` (which ends the process) once and acknowledges nothing from then on.
/// @param committed called on one of these threads at a time: must only pass the news on.
[[nodiscard]] std::unique_ptr<log_writer> make_log_writer(store& target, log_writer::committed_callback committed,
                                                          std::function<void(const error&)> on_failure);

/// Counters of a writer made by `make_log_writer`, for metrics. Thread-safe.
[[nodiscard]] log_writer_stats stats_of(const log_writer& writer);

} // namespace penstock
