#pragma once

#include "actors/operations.hpp"
#include "runtime/engines/log_files.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace penstock {

/// A run's log as clients read it: what its attempts wrote, and between it, by time, what became of the run and its tasks.
/// Reads in pieces from where a reader was, so neither memory nor the work of following grows with the log.
///
/// A line keeps its number: that a task ended becomes known a moment later than it happened, and if later lines were read
/// meanwhile, its line comes behind those. Which lines were read is known to this object alone, so after a restart such a
/// line stands where it belongs by time. Thread-safe.
class run_log {
public:
  explicit run_log(std::shared_ptr<const log_files> files) : files_(std::move(files)) {}

  /// Lines from number `from` (0-based) on, at most `limit`, fewer if they are long.
  [[nodiscard]] result<std::vector<log_line>> read(const run_view& run, std::uint64_t from, std::uint32_t limit);

private:
  struct order;
  class reading;

  [[nodiscard]] std::shared_ptr<order> order_of(run_id run);
  void weigh(order& of);

  const std::shared_ptr<const log_files> files_;
  std::mutex mutex_;
  std::map<run_id, std::shared_ptr<order>> orders_;
  std::uint64_t uses_ = 0;
  std::size_t weight_ = 0; ///< Of all orders.
};

} // namespace penstock
