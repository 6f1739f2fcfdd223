#pragma once

// Inside storage/*.cpp only.

#include "storage/memory_disk.hpp"

#include <string>
#include <vector>

namespace penstock {

enum class memory_record_kind : std::uint8_t { turn = 1, snapshot = 2 };

/// What is written at once: a turn, or the whole state after one.
struct memory_record {
  memory_record_kind kind = memory_record_kind::turn;
  std::uint64_t turn = 0;
  std::string payload;
};

/// Each page says which record it is a part of, has a checksum, and ends with a byte that is not zero: so a page whose
/// write was cut short differs from one that was altered later.
[[nodiscard]] std::vector<memory_page> to_pages(const memory_record& record);

struct memory_log_contents {
  std::vector<memory_record> records;
  std::size_t sound_pages = 0; ///< What stands behind them is the rest of a write that was cut short.
};

/// Reads a file from its beginning. The last record may be incomplete.
/// @returns `errc::corrupt_record` for anything that a write cut short does not leave behind.
[[nodiscard]] result<memory_log_contents> read_pages(const std::vector<memory_page>& pages);

} // namespace penstock
