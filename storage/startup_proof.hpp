#pragma once

#include "storage/log_scan.hpp"
#include "storage/watermark.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

/// A turn with the short form of the chain hash after it.
struct proven_turn {
  std::uint64_t turn = 0;
  std::uint64_t chain = 0;

  friend bool operator==(const proven_turn&, const proven_turn&) = default;
};

/// One log file of the database.
struct scanned_log {
  std::string path;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  log_contents contents;
};

/// A file to be cut before the database is opened.
struct log_cut {
  std::string path;
  std::uint64_t bytes = 0;

  friend bool operator==(const log_cut&, const log_cut&) = default;
};

/// What a recovery must arrive at.
struct log_proof {
  proven_turn last;
  /// Rests of turns that were never acknowledged. Without them the logs hold whole turns only, so nothing depends on
  /// how RocksDB treats a torn end.
  std::vector<log_cut> cuts;
};

/// Proves from the bytes alone, before anything is changed, that no turn which was on disk is damaged or missing.
///
/// The writer starts a turn only after the one before is synced (or, with `durability::interval`, says in each marker
/// which turn was), so a marker anywhere in the logs proves up to which turn everything was on disk; so does the
/// watermark; so does what is in the database's tables. Every turn after those in the tables, up to the highest so
/// proven, must stand whole in the logs, each with the hash of the one before. What follows may be cut off: nobody was
/// told of it.
///
/// @param flushed the last turn in the tables. @param logs in order of their numbers. @param directory for messages.
/// @returns `errc::corrupt_record` naming file and offset.
[[nodiscard]] result<log_proof> prove_logs(const proven_turn& flushed, const watermark& mark,
                                           const std::vector<scanned_log>& logs, const std::string& directory);

} // namespace penstock
