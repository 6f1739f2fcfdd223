#include "storage/table_check.hpp"

#include "storage/durable_file.hpp"

#include <rocksdb/file_checksum.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace penstock {

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;
constexpr std::chrono::milliseconds pause_between_pieces{10}; ///< At most 100 MB/s.

std::string reason(const table_file& table, const std::string& what) {
  return "database file " + table.path + " is damaged: " + what;
}

} // namespace

std::vector<table_file> live_tables(rocksdb::DB& db) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  std::vector<table_file> tables;
  tables.reserve(files.size());
  for (auto& file : files) {
    const bool known = file.file_checksum_func_name == rocksdb::kStandardDbFileChecksumFuncName;
    tables.push_back({file.directory + "/" + file.relative_filename, file.file_number, file.size,
                      known ? file.file_checksum : std::string()});
  }
  std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a.number > b.number; });
  return tables;
}

result<void> check_table(const table_file& table, const std::function<bool()>& stop) {
  const file_handle handle{::open(table.path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!handle.is_open() && errno == ENOENT) return fail(errc::not_found, reason(table, "it is missing"));
  if (!handle.is_open()) return io_failure("open", table.path);
  const auto generator = rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  std::string piece(piece_bytes, '\0');
  std::uint64_t size = 0;
  while (true) {
    const auto got = ::read(handle.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_failure("read", table.path);
    if (got == 0) break;
    generator->Update(piece.data(), static_cast<std::size_t>(got));
    size += static_cast<std::uint64_t>(got);
    if (stop && stop()) return {};
  }
  if (size != table.bytes)
    return fail(errc::corrupt_record,
                reason(table, "it has " + std::to_string(size) + " bytes instead of " + std::to_string(table.bytes)));
  generator->Finalize();
  if (!table.checksum.empty() && generator->GetChecksum() != table.checksum)
    return fail(errc::corrupt_record, reason(table, "its checksum does not match"));
  return {};
}

table_checker::table_checker(std::vector<table_file> tables, std::function<void(const error&)> on_damage)
    : thread_([this, tables = std::move(tables), on_damage = std::move(on_damage)] {
        const auto stop = [this] {
          if (!stopping_) std::this_thread::sleep_for(pause_between_pieces);
          return stopping_.load();
        };
        for (const auto& table : tables) {
          if (stopping_) return;
          const auto checked = check_table(table, stop);
          // A compaction may have replaced the file meanwhile.
          if (!checked && checked.error().code != errc::not_found) return on_damage(checked.error());
        }
      }) {}

table_checker::~table_checker() {
  stopping_ = true;
  thread_.join();
}

} // namespace penstock
