#pragma once

// Inside storage/*.cpp only: includes RocksDB.

#include "storage/rocksdb_store.hpp"

#include <rocksdb/db.h>

#include <vector>

namespace penstock {

/// Options of the whole database, and of each family in the order of their numbers, `default` first.
struct rocksdb_options {
  rocksdb::DBOptions database;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
};

[[nodiscard]] rocksdb_options make_rocksdb_options(const rocksdb_settings& settings);

} // namespace penstock
