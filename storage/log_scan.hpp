#pragma once

#include "storage/turn_format.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock {

/// A turn that stands whole in a log file, every checksum right.
struct logged_turn {
  turn_marker marker;
  std::uint64_t begin = 0; ///< Offset of its first byte...
  std::uint64_t end = 0;   ///< ... and of the first one after it.
};

/// A marker found by its bytes alone, whatever stands around it.
struct sighted_marker {
  turn_marker marker;
  std::uint64_t offset = 0;
};

/// What a log file of RocksDB holds, read without RocksDB.
struct log_contents {
  std::vector<logged_turn> turns;      ///< From the beginning to the first damage, in order.
  std::vector<sighted_marker> sighted; ///< All markers anywhere in the file, in order.
  std::uint64_t sound_bytes = 0;       ///< Up to here everything decodes.
  bool ends_clean = true;              ///< Nothing but zeros stands behind that.
};

/// Reads a log file's bytes in two ways. The strict one follows RocksDB's framing (32 KiB blocks of records with a
/// masked CRC-32C, db/log_format.h) and yields the turns that a recovery can rely on. The other only looks for markers,
/// and finds each whose own bytes are unharmed: a record goes on in the next block behind a header of seven bytes, so
/// with the first seven bytes of every block taken away, a marker is never torn, however records are cut into fragments
/// and whatever damage the framing has. What the second finds and the first does not is evidence of damage, or of a
/// torn last turn.
[[nodiscard]] log_contents scan_log(std::string_view bytes, const database_id& id);

} // namespace penstock
