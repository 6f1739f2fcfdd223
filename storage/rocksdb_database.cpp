#include "storage/rocksdb_database.hpp"

#include "storage/durable_file.hpp"
#include "storage/rocksdb_options.hpp"

#include <rocksdb/wal_filter.h>

#include <cstdarg>

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

/// For an opening that must not write, not even to RocksDB's text log.
class silent_logger final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class background_listener final : public rocksdb::EventListener {
public:
  explicit background_listener(std::function<void(const rocksdb::Status&)> report) : report_(std::move(report)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override { report_(*status); }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }

private:
  std::function<void(const rocksdb::Status&)> report_;
};

/// RocksDB's words about a damaged manifest do not always say which file that is.
std::string manifest_named(const std::string& directory) {
  auto current = read_file(directory + "/CURRENT", 4'096);
  if (!current) return "CURRENT cannot be read";
  const auto end = current->find('\n');
  if (!current->starts_with("MANIFEST-") || end == std::string::npos) return directory + "/CURRENT is damaged";
  return "its list of files is " + directory + "/" + current->substr(0, end);
}

} // namespace

error to_error(const rocksdb::Status& status, const std::string& directory) {
  const bool damaged = status.IsCorruption() || status.IsPathNotFound() || status.IsNotFound() ||
                       status.IsInvalidArgument();
  return error{damaged ? errc::corrupt_record : errc::io_failed, "database " + directory + ": " + status.ToString(), {}};
}

result<std::unique_ptr<rocksdb_database>>
rocksdb_database::open(const std::string& directory, opening how, const rocksdb_settings& settings,
                       std::function<void(const rocksdb::Status&)> on_background_error) {
  auto options = make_rocksdb_options(settings);
  if (on_background_error)
    options.database.listeners.push_back(std::make_shared<background_listener>(std::move(on_background_error)));
  std::unique_ptr<rocksdb_database> opened{new rocksdb_database};
  opened->directory_ = directory;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  log_ignorer ignorer;
  if (how == opening::read_tables) {
    options.database.wal_filter = &ignorer;
    options.database.info_log = std::make_shared<silent_logger>();
    status = rocksdb::DB::OpenForReadOnly(options.database, directory, options.families, &handles, &db);
  } else {
    options.database.create_if_missing = how == opening::make;
    options.database.error_if_exists = how == opening::make;
    options.database.create_missing_column_families = how == opening::make;
    status = rocksdb::DB::Open(options.database, directory, options.families, &handles, &db);
  }
  if (!status.ok()) {
    auto failed = to_error(status, directory);
    if (failed.code == errc::corrupt_record) failed.message += " (" + manifest_named(directory) + ")";
    return unexpected(std::move(failed));
  }
  opened->db_.reset(db);
  std::copy(handles.begin(), handles.end(), opened->handles_.begin());
  return opened;
}

rocksdb_database::~rocksdb_database() {
  if (!db_) return;
  // Debian's build keeps its assertions: a handle left over would end the process.
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
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
