#pragma once

#include "storage/store.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// BLAKE2b-256 over everything a partition, or the whole node, ever wrote: each turn's hash covers the one before, so
/// two histories that differ anywhere have different hashes ever after. All zero before the first turn.
using chain_hash = std::array<std::uint8_t, 32>;

/// First eight bytes of a hash: enough to notice files of another history, short enough for a marker.
[[nodiscard]] std::uint64_t short_form(const chain_hash& hash) noexcept;

/// Random bytes that name a database. Also the key of its markers' checksums, so that nobody can store bytes that look
/// like a marker of it: it never leaves the data directory.
using database_id = std::array<std::uint8_t, 16>;
[[nodiscard]] database_id make_database_id();

/// What stands at the beginning of each turn in the log, and what the proof at start-up goes by.
struct turn_marker {
  std::uint64_t turn = 0;   ///< Counts from 1.
  std::uint64_t synced = 0; ///< A turn that was on disk when this one was written: losing that is damage.
  std::uint64_t before = 0; ///< Short form of the chain hash before the turn...
  std::uint64_t after = 0;  ///< ... and after it.

  friend bool operator==(const turn_marker&, const turn_marker&) = default;
};

inline constexpr std::string_view marker_magic{"\xf1pStUrN\x02", 8};
inline constexpr std::size_t marker_bytes = 8 + 4 * 8 + 8;

/// magic 8 bytes | turn u64 | synced u64 | before u64 | after u64 | SipHash-2-4 of those, keyed with the database's id.
[[nodiscard]] std::string encode_marker(const turn_marker& marker, const database_id& id);
/// @returns nothing unless `bytes` begins with a marker of this database.
[[nodiscard]] std::optional<turn_marker> decode_marker(std::string_view bytes, const database_id& id);

/// `meta`, tag 1: which database this is.
struct database_record {
  std::uint32_t format = 0;
  std::string id;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "format", s.format);
    v(2, "id", s.id);
  }
};

/// `meta`, tag 2: the last turn.
struct turn_record {
  std::uint64_t turn = 0;
  std::string chain;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "turn", s.turn);
    v(2, "chain", s.chain);
  }
};

/// `meta`, tag 3: how far a partition is.
struct partition_record {
  std::uint64_t index = 0;
  std::int64_t clock_ms = 0;
  std::string chain;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "index", s.index);
    v(2, "clock_ms", s.clock_ms);
    v(3, "chain", s.chain);
  }
};

/// Rises when a database of an older program can no longer be read.
inline constexpr std::uint32_t database_format = 1;

[[nodiscard]] std::string database_key();
[[nodiscard]] std::string turn_key();
[[nodiscard]] std::string partition_key(std::uint16_t partition);

[[nodiscard]] std::string to_bytes(const chain_hash& hash);
/// @returns nothing unless `bytes` are 32.
[[nodiscard]] std::optional<chain_hash> chain_from_bytes(std::string_view bytes) noexcept;

/// A partition's hash after `entry`.
[[nodiscard]] chain_hash extend_chain(const chain_hash& before, const turn_entry& entry);
/// The node's hash after one more partition's hash became `part`.
[[nodiscard]] chain_hash extend_chain(const chain_hash& before, const chain_hash& part);

} // namespace penstock
