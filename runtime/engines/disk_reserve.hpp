#pragma once

#include "runtime/error.hpp"

#include <cstdint>
#include <string>

namespace penstock {

/// Space that tasks must leave on the disk of a directory, where the server itself has to go on writing.
struct disk_reserve {
  std::string directory;
  std::uint64_t bytes_min = 0; ///< 0: none.

  /// Whether there is less left. False where the system does not say.
  [[nodiscard]] bool is_touched() const;

  /// `errc::io_failed` with what an operator can do about it.
  [[nodiscard]] error why() const;
};

} // namespace penstock
