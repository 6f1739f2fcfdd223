#pragma once

// Inside storage/*.cpp only: includes RocksDB.

#include "storage/durable_file.hpp"
#include "storage/rocksdb_database.hpp"
#include "storage/table_check.hpp"
#include "storage/turn_ledger.hpp"
#include "storage/watermark.hpp"

namespace penstock {

/// Where things stand in a data directory.
struct database_paths {
  std::string directory; ///< All that follows is in it.
  std::string database;  ///< RocksDB's files.
  std::string watermark;
  std::string lock;
};

[[nodiscard]] database_paths paths_in(const std::string& directory);

/// Number of the newest log file in RocksDB's directory, 0 if there is none.
[[nodiscard]] result<std::uint64_t> newest_log(const std::string& database);

/// A database that is open and proven.
struct started_database {
  file_handle lock; ///< Let go last.
  std::unique_ptr<rocksdb_database> database;
  watermark mark;                    ///< As it was written at the end of the start.
  std::vector<table_file> unchecked; ///< Tables that the start did not read.
};

/// Opens or makes what is in `directory`, changing nothing before everything is proven, and fills `ledger`.
[[nodiscard]] result<started_database> start_database(const std::string& directory, const rocksdb_settings& settings,
                                                      turn_ledger& ledger, database_events events);

} // namespace penstock
