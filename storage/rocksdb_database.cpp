#include "storage/rocksdb_database.hpp"

#include "storage/durable_file.hpp"
#include "storage/rocksdb_options.hpp"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/wal_filter.h>

#include <algorithm>
#include <cstdarg>
#include <filesystem>

namespace penstock {

namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

/// Leaves all logs unread.
class log_ignorer final : public rocksdb::WalFilter {
public:
  WalProcessingOption LogRecordFound(unsigned long long, const std::string&, const rocksdb::WriteBatch&,
                                     rocksdb::WriteBatch*, bool*) override {
    return WalProcessingOption::kStopReplay;
  }
  const char* Name() const override { return "penstock.log_ignorer"; }
};

/// Instead of RocksDB's text log: its writer trips an assertion when the disk is full, and an opening that must not write
/// must not write that either. What matters of it comes as a status.
class silent_logger final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class event_forwarder final : public rocksdb::EventListener {
public:
  explicit event_forwarder(database_events events) : events_(std::move(events)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    if (events_.background_error) events_.background_error(*status);
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }
  /// A memtable is only ever set aside together with the log file that it was written from.
  void OnMemTableSealed(const rocksdb::MemTableInfo&) override {
    if (events_.log_begun) events_.log_begun();
  }

private:
  database_events events_;
};

/// The first table that cannot even be opened. RocksDB blames the list of files for it.
std::optional<std::string> find_broken_table(const std::string& directory) {
  std::error_code problem;
  for (std::filesystem::directory_iterator it{directory, problem}, end; !problem && it != end; it.increment(problem)) {
    if (it->path().extension() != ".sst") continue;
    rocksdb::SstFileReader reader{rocksdb::Options()};
    if (!reader.Open(it->path().string()).ok()) return it->path().string();
  }
  return std::nullopt;
}

/// RocksDB's words about a database that does not open do not always say which file is at fault.
std::string explain(const std::string& message, const std::string& directory) {
  auto out = message;
  // A table that is missing is sought under this name last, which no file of ours has.
  for (std::size_t at = 0; (at = out.find(".ldb", at)) != std::string::npos;) out.replace(at, 4, ".sst");
  if (const auto table = find_broken_table(directory)) return out + " (" + *table + " is damaged)";
  return out + " (" + about_list(directory) + ")";
}

struct opened_handles {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

/// All families in one go: made by the opening itself, each would write and sync RocksDB's options file anew.
rocksdb::Status make(const rocksdb_options& options, const std::string& directory, opened_handles& out) {
  const std::vector own(options.families.begin() + 1, options.families.end());
  auto status = rocksdb::DB::Open(options.database, directory, {options.families[0]}, &out.handles, &out.db);
  if (!status.ok()) return status;
  std::vector<rocksdb::ColumnFamilyHandle*> made;
  status = out.db->CreateColumnFamilies(own, &made);
  out.handles.insert(out.handles.end(), made.begin(), made.end());
  return status;
}

} // namespace

std::string about_list(const std::string& directory) {
  const auto path = directory + "/CURRENT";
  const auto current = read_file(path, 4'096);
  if (!current) return path + " cannot be read";
  const auto end = current->find('\n');
  if (!current->starts_with("MANIFEST-") || end == std::string::npos) return path + " is damaged";
  const auto manifest = directory + "/" + current->substr(0, end);
  if (!std::filesystem::exists(manifest)) return path + " names " + manifest + ", which is not there";
  return "its list of files is " + manifest;
}

error to_error(const rocksdb::Status& status, const std::string& directory) {
  const bool damaged =
    status.IsCorruption() || status.IsPathNotFound() || status.IsNotFound() || status.IsInvalidArgument();
  return error{
    damaged ? errc::corrupt_record : errc::io_failed, "database " + directory + ": " + status.ToString(), {}};
}

result<std::unique_ptr<rocksdb_database>> rocksdb_database::open(const std::string& directory, opening how,
                                                                 const rocksdb_settings& settings,
                                                                 database_events events) {
  auto options = make_rocksdb_options(settings);
  options.database.listeners.push_back(std::make_shared<event_forwarder>(std::move(events)));
  options.database.info_log = std::make_shared<silent_logger>();
  opened_handles out;
  rocksdb::Status status;
  log_ignorer ignorer;
  switch (how) {
    case opening::make:
      options.database.create_if_missing = true;
      options.database.error_if_exists = true;
      status = make(options, directory, out);
      break;
    case opening::read_tables:
      options.database.wal_filter = &ignorer;
      status = rocksdb::DB::OpenForReadOnly(options.database, directory, options.families, &out.handles, &out.db);
      break;
    case opening::read_and_write:
      status = rocksdb::DB::Open(options.database, directory, options.families, &out.handles, &out.db);
      break;
  }
  std::unique_ptr<rocksdb_database> opened{new rocksdb_database};
  opened->directory_ = directory;
  opened->db_.reset(out.db);
  std::copy(out.handles.begin(), out.handles.end(), opened->handles_.begin());
  if (status.ok()) return opened;
  auto failed = to_error(status, directory);
  if (failed.code == errc::corrupt_record) failed.message = explain(failed.message, directory);
  return unexpected(std::move(failed));
}

rocksdb_database::~rocksdb_database() {
  if (!db_) return;
  // Debian's build keeps its assertions: a handle left over would end the process.
  for (auto* handle : handles_)
    if (handle) db_->DestroyColumnFamilyHandle(handle);
  db_->Close().PermitUncheckedError();
}

result<bool> rocksdb_database::get(family f, std::string_view key, std::string& bytes) const {
  const auto status = db_->Get({}, handle(f), slice(key), &bytes);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return unexpected(to_error(status, directory_));
}

result<void> rocksdb_database::scan(family f, std::string_view begin, std::string_view end,
                                    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const auto upper = slice(end);
  rocksdb::ReadOptions options;
  // Three times faster than a prefix search for the keys of one entity, as measured.
  options.total_order_seek = true;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it{db_->NewIterator(options, handle(f))};
  for (it->Seek(slice(begin)); it->Valid(); it->Next())
    if (!visit(view(it->key()), view(it->value()))) break;
  if (!it->status().ok()) return unexpected(to_error(it->status(), directory_));
  return {};
}

result<void> rocksdb_database::flush() const {
  const auto status = db_->Flush({}, {handles_.begin() + 1, handles_.end()});
  if (!status.ok()) return unexpected(to_error(status, directory_));
  return {};
}

} // namespace penstock
