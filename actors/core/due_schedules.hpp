#pragma once

#include "storage/keys.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace penstock {

/// Schedules of a partition that are due: those that wait for their turn, and how many are on their way to the disk.
class due_schedules {
public:
  /// Of one pipeline: what it fires in one commit.
  struct share {
    uuid pipeline;
    std::vector<keys::timer> timers;
  };

  /// @param on_node counts those of all partitions, too; null: nobody does.
  explicit due_schedules(std::atomic<std::size_t>* on_node) : on_node_(on_node) {}

  /// Pipelines take turns, so that one with many does not hold up the others.
  void add(std::map<uuid, std::vector<keys::timer>> by_pipeline);
  /// The next share, unless `firing_max` or more are firing.
  [[nodiscard]] std::optional<share> take(std::size_t firing_max);
  /// So many more are firing.
  void firing(std::ptrdiff_t more) { count(firing_, more); }
  /// How many wait or are firing; of the whole node, if they are counted.
  [[nodiscard]] std::size_t size() const noexcept { return on_node_ ? on_node_->load() : waiting_ + firing_; }

private:
  void count(std::size_t& which, std::ptrdiff_t more);

  std::atomic<std::size_t>* on_node_;
  std::deque<share> shares_;
  std::size_t waiting_ = 0;
  std::size_t firing_ = 0;
};

} // namespace penstock
