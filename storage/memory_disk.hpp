#pragma once

// Inside storage/*.cpp only.

#include "storage/memory_store.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace penstock {

using memory_page = std::array<char, 512>;

/// Files by number, which only grow at their end. Making, cutting and removing a file is durable at once; a page is
/// when its file is synced. After a crash, and after a write that failed, nothing can be written until the disk is
/// opened anew: who went on would be a process that is dead.
struct memory_disk::impl {
  using number = std::uint64_t;
  using opening = std::uint64_t;

  /// From here on only who holds the answer may write.
  [[nodiscard]] opening open();
  [[nodiscard]] std::vector<number> files() const;
  [[nodiscard]] std::vector<memory_page> read(number file) const;
  [[nodiscard]] std::uint64_t pages() const;

  // Each answers false if the write failed or `by` is of an earlier opening.
  [[nodiscard]] bool append(opening by, number file, const std::vector<memory_page>& pages);
  [[nodiscard]] bool sync(opening by, number file);
  [[nodiscard]] bool truncate(opening by, number file, std::size_t pages);
  [[nodiscard]] bool remove(opening by, number file);

  void crash(random_source& random);
  bool flip_synced_bit(random_source& random);
  void fail_next_write_after(std::size_t pages);

private:
  struct stored_page {
    memory_page bytes{};
    bool synced = false;
  };

  [[nodiscard]] bool may_write(opening by) const { return by == opening_ && !failed_; }

  mutable std::mutex mutex_;
  std::map<number, std::vector<stored_page>> files_;
  opening opening_ = 0;
  std::optional<std::size_t> fails_after_;
  bool failed_ = false;
};

} // namespace penstock
