#include "runtime/engines/disk_reserve.hpp"

#include <filesystem>

namespace penstock {

bool disk_reserve::is_touched() const {
  if (bytes_min == 0) return false;
  std::error_code failed;
  const auto space = std::filesystem::space(directory, failed);
  return !failed && space.available < bytes_min;
}

error disk_reserve::why() const {
  return {errc::io_failed,
          "less than " + std::to_string(bytes_min >> 20) + " MiB are free on the disk of " + directory +
            ", too little for tasks that write (--min-free-disk)",
          {}};
}

} // namespace penstock
