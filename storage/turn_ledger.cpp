#include "storage/turn_ledger.hpp"

#include <mutex>

namespace penstock {

void turn_ledger::restore(std::uint64_t turn, const chain_hash& chain) {
  turn_ = turn;
  chain_ = chain;
}

void turn_ledger::restore(std::uint16_t partition, const partition_progress& progress) {
  const std::unique_lock lock{mutex_};
  partitions_[partition] = progress;
}

result<planned_turn> turn_ledger::plan(const std::vector<turn_entry>& entries) const {
  planned_turn planned{.turn = turn_ + 1, .before = chain_, .after = chain_, .partitions = {}};
  for (const auto& entry : entries) {
    auto [it, is_new] = planned.partitions.try_emplace(entry.partition);
    auto& progress = it->second;
    if (const auto known = partitions_.find(entry.partition); is_new && known != partitions_.end())
      progress = known->second;
    if (entry.index != progress.index + 1 || entry.clock_ms < progress.clock_ms)
      return fail(errc::internal, "partition " + std::to_string(entry.partition) + " stands at index " +
                                    std::to_string(progress.index) + ", clock " + std::to_string(progress.clock_ms) +
                                    " and cannot take index " + std::to_string(entry.index) + ", clock " +
                                    std::to_string(entry.clock_ms));
    progress = {entry.index, entry.clock_ms, extend_chain(progress.chain, entry)};
  }
  for (const auto& [partition, progress] : planned.partitions)
    planned.after = extend_chain(planned.after, progress.chain);
  return planned;
}

void turn_ledger::commit(const planned_turn& planned) {
  turn_ = planned.turn;
  chain_ = planned.after;
  const std::unique_lock lock{mutex_};
  for (const auto& [partition, progress] : planned.partitions) partitions_[partition] = progress;
}

store::partition_position turn_ledger::position(std::uint16_t partition) const {
  const std::shared_lock lock{mutex_};
  const auto it = partitions_.find(partition);
  if (it == partitions_.end()) return {};
  return {it->second.index, it->second.clock_ms};
}

} // namespace penstock
