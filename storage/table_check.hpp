#pragma once

// Inside storage/*.cpp only: includes RocksDB.

#include "runtime/error.hpp"

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace penstock {

/// A file of the database whose content never changes, with the checksum that the database's list of files gives it.
struct table_file {
  std::string path;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::string checksum; ///< CRC-32C, big-endian; empty if unknown.
};

/// All tables in use, newest first.
[[nodiscard]] std::vector<table_file> live_tables(rocksdb::DB& db);

/// Reads the whole file. @param stop ends it early, with success. @param pause called between pieces of 1 MiB.
/// @returns `errc::corrupt_record` naming the file, `errc::not_found` if it is gone.
[[nodiscard]] result<void> check_table(const table_file& table, const std::function<bool()>& stop = {});

/// Checks tables one after the other on a thread of its own, slowly enough not to disturb.
class table_checker {
public:
  /// @param on_damage called on the checker's thread at the first damaged file.
  table_checker(std::vector<table_file> tables, std::function<void(const error&)> on_damage);
  table_checker(const table_checker&) = delete;
  table_checker& operator=(const table_checker&) = delete;
  ~table_checker();

private:
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

} // namespace penstock
