#include "storage/rocksdb_start.hpp"

#include "runtime/model/codec.hpp"
#include "storage/startup_proof.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace penstock {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view log_ending = ".log";

result<std::vector<std::pair<std::uint64_t, std::string>>> list_logs(const std::string& database) {
  std::vector<std::pair<std::uint64_t, std::string>> logs;
  std::error_code problem;
  for (fs::directory_iterator it{database, problem}, end; !problem && it != end; it.increment(problem)) {
    const auto name = it->path().filename().string();
    std::uint64_t number = 0;
    const auto digits = name.size() - std::min(name.size(), log_ending.size());
    const auto parsed = std::from_chars(name.data(), name.data() + digits, number);
    if (name.ends_with(log_ending) && parsed.ec == std::errc{} && parsed.ptr == name.data() + digits)
      logs.emplace_back(number, it->path().string());
  }
  if (problem) return fail(errc::io_failed, "cannot list " + database + ": " + problem.message());
  std::sort(logs.begin(), logs.end());
  return logs;
}

result<std::vector<scanned_log>> scan_logs(const std::string& database, const database_id& id) {
  const auto logs = list_logs(database);
  if (!logs) return unexpected(logs.error());
  std::vector<scanned_log> scanned;
  for (const auto& [number, path] : *logs) {
    const auto file = mapped_file::open(path);
    if (!file) return unexpected(file.error());
    scanned.push_back({path, number, file->bytes().size(), scan_log(file->bytes(), id)});
  }
  return scanned;
}

struct last_turn {
  std::uint64_t turn = 0;
  chain_hash chain{};

  [[nodiscard]] proven_turn short_turn() const { return {turn, short_form(chain)}; }
};

unexpected<error> damaged_record(const rocksdb_database& database, const std::string& what) {
  return fail(errc::corrupt_record,
              "database " + database.directory() + " is damaged: the record of " + what + " does not decode");
}

result<last_turn> read_last_turn(const rocksdb_database& database) {
  std::string bytes;
  const auto found = database.get(family::meta, turn_key(), bytes);
  if (!found) return unexpected(found.error());
  if (!*found) return last_turn{};
  const auto record = codec::decode<turn_record>(bytes);
  const auto chain = record ? chain_from_bytes(record->chain) : std::nullopt;
  if (!chain) return damaged_record(database, "the last turn");
  return last_turn{record->turn, *chain};
}

result<void> restore_partitions(const rocksdb_database& database, turn_ledger& ledger) {
  bool decodes = true;
  const auto begin = partition_key(0);
  auto end = partition_key(0xffff);
  end += '\0';
  const auto scanned = database.scan(family::meta, begin, end, [&](std::string_view key, std::string_view bytes) {
    const auto record = codec::decode<partition_record>(bytes);
    const auto chain = record ? chain_from_bytes(record->chain) : std::nullopt;
    decodes = chain.has_value() && key.size() == begin.size();
    if (!decodes) return false;
    const auto partition =
      static_cast<std::uint16_t>(static_cast<std::uint8_t>(key[1]) << 8 | static_cast<std::uint8_t>(key[2]));
    ledger.restore(partition, {record->index, record->clock_ms, *chain});
    return true;
  });
  if (!scanned) return scanned;
  if (!decodes) return damaged_record(database, "a partition");
  return {};
}

result<void> check_identity(const rocksdb_database& database, const watermark& mark) {
  std::string bytes;
  const auto found = database.get(family::meta, database_key(), bytes);
  if (!found) return unexpected(found.error());
  const auto record = *found ? codec::decode<database_record>(bytes) : fail(errc::corrupt_record, "");
  if (!record) return damaged_record(database, "its identity");
  if (record->format != database_format)
    return fail(errc::invalid_argument, "database " + database.directory() + " has format " +
                                          std::to_string(record->format) + ", and this program reads format " +
                                          std::to_string(database_format));
  if (record->id != std::string_view(reinterpret_cast<const char*>(mark.id.data()), mark.id.size()))
    return fail(errc::corrupt_record, "database " + database.directory() +
                                        " is not the one that the watermark file "
                                        "beside it belongs to");
  return {};
}

/// The last thing of every start: from here on this start's log file is one that has to be there.
result<void> renew_watermark(const database_paths& paths, watermark& mark, const proven_turn& last) {
  const auto log = newest_log(paths.database);
  if (!log) return unexpected(log.error());
  if (auto synced = sync_directory(paths.database); !synced) return synced;
  mark.made = true;
  mark.turn = last.turn;
  mark.chain = last.chain;
  mark.log = *log;
  return write_watermark(paths.watermark, mark);
}

/// Reads tables as long as they are few: whatever is damaged in a small database is found before anybody is served.
result<std::vector<table_file>> check_newest_tables(rocksdb::DB& db, std::uint64_t bytes_max) {
  auto tables = live_tables(db);
  std::uint64_t bytes = 0;
  std::vector<table_file> unchecked;
  for (auto& table : tables) {
    bytes += table.bytes;
    if (bytes > bytes_max) unchecked.push_back(std::move(table));
    else if (auto checked = check_table(table); !checked) return fail(errc::corrupt_record, checked.error().message);
  }
  return unchecked;
}

/// Says in the log itself which database this is, as turn 0.
result<void> write_identity(const rocksdb_database& database, const database_id& id) {
  rocksdb::WriteBatch batch;
  batch.PutLogData(encode_marker({}, id)).PermitUncheckedError();
  const database_record record{database_format, {reinterpret_cast<const char*>(id.data()), id.size()}};
  batch.Put(database.handle(family::meta), database_key(), codec::encode(record)).PermitUncheckedError();
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = database.db().Write(options, &batch);
  if (!status.ok()) return unexpected(to_error(status, database.directory()));
  return {};
}

result<started_database> make_database(const database_paths& paths, const rocksdb_settings& settings, file_handle lock,
                                       database_events events) {
  // A start that was interrupted while making the database left a part of one that never held anything.
  std::error_code problem;
  fs::remove_all(paths.database, problem);
  started_database started{std::move(lock), nullptr, {.id = make_database_id()}, {}};
  if (auto made = ensure_directory(paths.database); !made) return unexpected(made.error());
  if (auto written = write_watermark(paths.watermark, started.mark); !written) return unexpected(written.error());
  auto opened = rocksdb_database::open(paths.database, rocksdb_database::opening::make, settings, std::move(events));
  if (!opened) return unexpected(opened.error());
  started.database = std::move(*opened);
  if (auto written = write_identity(*started.database, started.mark.id); !written) return unexpected(written.error());
  if (auto renewed = renew_watermark(paths, started.mark, {}); !renewed) return unexpected(renewed.error());
  return started;
}

/// Everything that can be found out without changing a file. Answers what the opening must arrive at.
result<log_proof> prove_database(const database_paths& paths, const rocksdb_settings& settings, const watermark& mark,
                                 std::vector<table_file>& unchecked) {
  // RocksDB would make a new database where this file is missing.
  if (!fs::exists(paths.database + "/CURRENT"))
    return fail(errc::corrupt_record, "database file " + paths.database + "/CURRENT is missing");
  const auto logs = scan_logs(paths.database, mark.id);
  if (!logs) return unexpected(logs.error());
  const auto tables = rocksdb_database::open(paths.database, rocksdb_database::opening::read_tables, settings);
  if (!tables) return unexpected(tables.error());
  auto rest = check_newest_tables((*tables)->db(), settings.checked_at_start_bytes);
  if (!rest) return unexpected(rest.error());
  unchecked = std::move(*rest);
  const auto flushed = read_last_turn(**tables);
  if (!flushed) return unexpected(flushed.error());
  auto proof = prove_logs(flushed->short_turn(), mark, *logs, paths.database);
  if (proof) return proof;
  // The tables may be at fault, too: a list of files that lost its end leads to older ones.
  auto refused = proof.error();
  refused.message +=
    "; the tables end with turn " + std::to_string(flushed->turn) + ", and " + about_list(paths.database);
  return unexpected(std::move(refused));
}

result<started_database> reopen_database(const database_paths& paths, const rocksdb_settings& settings,
                                         const watermark& mark, turn_ledger& ledger, file_handle lock,
                                         database_events events) {
  started_database started{std::move(lock), nullptr, mark, {}};
  const auto proof = prove_database(paths, settings, mark, started.unchecked);
  if (!proof) return unexpected(proof.error());
  for (const auto& cut : proof->cuts)
    if (auto done = truncate_file(cut.path, cut.bytes); !done) return unexpected(done.error());
  auto opened =
    rocksdb_database::open(paths.database, rocksdb_database::opening::read_and_write, settings, std::move(events));
  if (!opened) return unexpected(opened.error());
  started.database = std::move(*opened);
  if (auto same = check_identity(*started.database, mark); !same) return unexpected(same.error());
  const auto last = read_last_turn(*started.database);
  if (!last) return unexpected(last.error());
  if (last->short_turn() != proof->last)
    return fail(errc::corrupt_record, "database " + paths.database + " came back at turn " +
                                        std::to_string(last->turn) + " instead of turn " +
                                        std::to_string(proof->last.turn));
  ledger.restore(last->turn, last->chain);
  if (auto restored = restore_partitions(*started.database, ledger); !restored) return unexpected(restored.error());
  if (auto renewed = renew_watermark(paths, started.mark, proof->last); !renewed) return unexpected(renewed.error());
  return started;
}

} // namespace

database_paths paths_in(const std::string& directory) {
  return {directory, directory + "/db", directory + "/watermark", directory + "/lock"};
}

result<std::uint64_t> newest_log(const std::string& database) {
  const auto logs = list_logs(database);
  if (!logs) return unexpected(logs.error());
  return logs->empty() ? 0 : logs->back().first;
}

result<started_database> start_database(const std::string& directory, const rocksdb_settings& settings,
                                        turn_ledger& ledger, database_events events) {
  const auto paths = paths_in(directory);
  if (auto there = ensure_directory(directory); !there) return unexpected(there.error());
  auto lock = lock_file(paths.lock, "the data directory " + directory);
  if (!lock) return unexpected(lock.error());
  const auto mark = read_watermark(paths.watermark);
  if (!mark && mark.error().code != errc::not_found) return unexpected(mark.error());
  if (mark && mark->made) return reopen_database(paths, settings, *mark, ledger, std::move(*lock), std::move(events));
  std::error_code problem;
  if (!mark && fs::exists(paths.database, problem) && !fs::is_empty(paths.database, problem))
    return fail(errc::corrupt_record, "there is a database in " + paths.database + ", but the file " + paths.watermark +
                                        ", which proves that it is complete, is missing");
  return make_database(paths, settings, std::move(*lock), std::move(events));
}

} // namespace penstock
