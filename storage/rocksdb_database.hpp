#pragma once

// Inside storage/*.cpp only: includes RocksDB.

#include "storage/column_families.hpp"
#include "storage/rocksdb_store.hpp"

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// An error that says what `directory` is, with RocksDB's own words, which name file and offset where it knows them.
[[nodiscard]] error to_error(const rocksdb::Status& status, const std::string& directory);

/// Which list of files the database goes by, for messages, and whether the file that says so is at fault already.
[[nodiscard]] std::string about_list(const std::string& directory);

/// What RocksDB tells while it works. Called on any of its threads, also during an opening.
struct database_events {
  std::function<void(const rocksdb::Status&)> background_error; ///< A flush or compaction failed.
  std::function<void()> log_begun;                              ///< Writes go to a new log file from now on.
};

/// RocksDB with our column families, and nothing of what it offers besides. Closes itself properly when it goes.
class rocksdb_database {
public:
  enum class opening : std::uint8_t {
    make,           ///< A new one. Fails if there is one.
    read_tables,    ///< What is in the tables alone, as if there were no logs. Changes nothing on disk.
    read_and_write, ///< All of it, for use.
  };

  [[nodiscard]] static result<std::unique_ptr<rocksdb_database>>
  open(const std::string& directory, opening how, const rocksdb_settings& settings, database_events events = {});

  rocksdb_database(const rocksdb_database&) = delete;
  rocksdb_database& operator=(const rocksdb_database&) = delete;
  ~rocksdb_database();

  [[nodiscard]] rocksdb::DB& db() const noexcept { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(family f) const noexcept { return handles_[family_place(f)]; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

  /// @returns whether `key` is there.
  [[nodiscard]] result<bool> get(family f, std::string_view key, std::string& bytes) const;
  /// Visits keys in [begin, end) until `visit` answers false.
  [[nodiscard]] result<void> scan(family f, std::string_view begin, std::string_view end,
                                  const std::function<bool(std::string_view, std::string_view)>& visit) const;
  [[nodiscard]] result<void> flush() const;

private:
  rocksdb_database() = default;

  std::string directory_;
  std::unique_ptr<rocksdb::DB> db_;
  /// By number of the family; at 0 RocksDB's `default`, which it insists on and we do not use.
  std::array<rocksdb::ColumnFamilyHandle*, family_slots> handles_{};
};

} // namespace penstock
