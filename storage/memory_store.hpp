#pragma once

#include "storage/store.hpp"

#include "runtime/seams.hpp"

#include <memory>

namespace penstock {

/// The disk below a memory store: bytes in 512-byte pages of which only synced ones survive a crash for sure.
/// Shared by the stores opened on it one after the other.
class memory_disk {
public:
  memory_disk();
  ~memory_disk();
  memory_disk(const memory_disk&) = delete;
  memory_disk& operator=(const memory_disk&) = delete;

  /// Loses power: each page written since the last sync is kept, zeroed or torn (a prefix kept) at random.
  void crash(random_source& random);
  /// Flips one bit of a synced byte at random; answers false if there is none.
  bool flip_synced_bit(random_source& random);
  /// Makes the next write stop before its sync, after a random part of its pages, as a crash in the middle does.
  void fail_next_write_after(std::size_t pages);

  struct impl;
  impl& get() { return *impl_; }

private:
  std::unique_ptr<impl> impl_;
};

/// A store in memory with the same turns, markers and start-up proof as the real one; for simulation.
/// @returns `errc::corrupt_record` if a synced turn is damaged.
[[nodiscard]] result<std::unique_ptr<store>> open_memory_store(std::shared_ptr<memory_disk> disk);

} // namespace penstock
