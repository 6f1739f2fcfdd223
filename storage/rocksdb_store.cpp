#include "storage/rocksdb_store.hpp"

#include "runtime/model/codec.hpp"
#include "storage/counter_cache.hpp"
#include "storage/rocksdb_start.hpp"
#include "storage/startup_proof.hpp"
#include "storage/turn_check.hpp"
#include "storage/turn_ledger.hpp"
#include "storage/watermark_keeper.hpp"

#include <rocksdb/perf_level.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <vector>

namespace penstock {

namespace {

[[noreturn]] void end_process(const rocksdb_settings& settings, const error& reason) {
  if (settings.on_fatal) settings.on_fatal(reason);
  std::fprintf(stderr, "penstock: stopping, for what is stored cannot be relied on: %s\n", reason.message.c_str());
  std::abort();
}

/// What an entry of a turn makes of a key.
struct key_change {
  std::string_view key;
  std::string_view bytes; ///< Unless removed.
  bool removed = false;
};

/// Leaves of each key its last change, in the order of keys: the tables in memory find the place of a neighbour at once,
/// and most of what a burst of short runs writes is written over within the turn.
void keep_last_by_key(std::vector<key_change>& changes) {
  std::stable_sort(changes.begin(), changes.end(),
                   [](const key_change& a, const key_change& b) { return a.key < b.key; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (i + 1 == changes.size() || changes[i].key != changes[i + 1].key) changes[kept++] = changes[i];
  changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(kept), changes.end());
}

/// How many turns are prepared and not written.
class turns_under_way {
public:
  void begin() {
    const std::lock_guard lock{mutex_};
    ++count_;
  }
  void end() {
    const std::lock_guard lock{mutex_};
    if (--count_ == 0) none_.notify_all();
  }
  void wait_for_none() {
    std::unique_lock lock{mutex_};
    none_.wait(lock, [this] { return count_ == 0; });
  }

private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

struct built_turn final : prepared_turn {
  built_turn(const std::vector<turn_entry>& e, planned_turn p, turns_under_way& u)
      : prepared_turn(e), planned(std::move(p)), under_way(u) {
    under_way.begin();
  }
  ~built_turn() override { under_way.end(); }

  const planned_turn planned;
  rocksdb::WriteBatch batch;
  turns_under_way& under_way;
};

class rocksdb_store final : public store {
public:
  explicit rocksdb_store(rocksdb_settings settings)
      : settings_(std::move(settings)),
        counters_(settings_.counters_cached_max,
                  [this](family f, std::string_view key) { return stored_counter(f, key); }) {}

  [[nodiscard]] result<void> start(const std::string& directory) {
    paths_ = paths_in(directory);
    auto started =
      start_database(directory, settings_, ledger_,
                     {.background_error = [this](const rocksdb::Status& status) { note_background_error(status); },
                      .log_begun = [this] { log_begun_ = true; }});
    if (!started) return unexpected(started.error());
    started_ = std::move(*started);
    planned_.restore(ledger_.turn(), ledger_.chain());
    for (const auto& [partition, progress] : ledger_.partitions()) planned_.restore(partition, progress);
    log_begun_ = false; // The start's own watermark asks for the log file that it began.
    written_ = synced_ = {ledger_.turn(), short_form(ledger_.chain())};
    watermark_keeper::duties duties;
    if (settings_.sync == durability::interval) duties.sync = [this] { return sync_log(); };
    duties.current = [this] { return current_watermark(); };
    duties.on_failure = [this](const error& e) { note_failure(e); };
    keeper_.emplace(paths_.watermark, settings_.watermark_interval, std::move(duties));
    if (!started_.unchecked.empty())
      checker_.emplace(std::move(started_.unchecked), [this](const error& e) { end_process(settings_, e); });
    return {};
  }

  ~rocksdb_store() override {
    checker_.reset();
    keeper_.reset(); // Writes the last watermark.
    started_.database.reset();
  }

  [[nodiscard]] result<void> write_turn(const std::vector<turn_entry>& entries) override {
    auto turn = prepare(entries);
    return turn ? write(std::move(*turn)) : unexpected(std::move(turn).error());
  }

  [[nodiscard]] result<std::unique_ptr<prepared_turn>> prepare(const std::vector<turn_entry>& entries) override {
    if (auto failed = failure()) return unexpected(std::move(*failed));
    const auto found = survey(entries);
    if (!found) return unexpected(found.error());
    keep_counters_right(*found);
    auto planned = planned_.plan(entries);
    if (!planned) return unexpected(std::move(planned).error());
    auto turn = std::make_unique<built_turn>(entries, std::move(*planned), under_way_);
    if (auto built = build(turn->planned, entries, turn->batch); !built) {
      note_failure(built.error()); // The counters are of no use any more.
      return unexpected(std::move(built).error());
    }
    planned_.commit(turn->planned);
    return turn;
  }

  [[nodiscard]] result<void> write(std::unique_ptr<prepared_turn> prepared) override {
    if (auto failed = failure()) return unexpected(std::move(*failed));
    auto& turn = static_cast<built_turn&>(*prepared);
    if (auto written = write(turn.batch); !written) return written;
    ledger_.commit(turn.planned);
    note_written({turn.planned.turn, short_form(turn.planned.after)});
    keeper_->turn_written();
    return mark_new_log();
  }

  [[nodiscard]] bool get(family f, std::string_view key, std::string& bytes) const override {
    const auto found = started_.database->get(f, key, bytes);
    if (!found) end_process(settings_, found.error());
    return *found;
  }

  [[nodiscard]] std::int64_t counter(family f, std::string_view key) const override {
    const auto stored = stored_counter(f, key);
    if (!stored)
      end_process(settings_, {errc::corrupt_record, "database " + paths_.database + ": a counter does not decode", {}});
    return *stored;
  }

  void scan(family f, std::string_view begin, std::string_view end,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    if (begin >= end) return;
    if (const auto done = started_.database->scan(f, begin, end, visit); !done) end_process(settings_, done.error());
  }

  [[nodiscard]] partition_position position(std::uint16_t partition) const override {
    return ledger_.position(partition);
  }

  [[nodiscard]] result<void> checkpoint() override {
    auto flushed = started_.database->flush();
    if (!flushed) note_failure(flushed.error());
    return flushed;
  }

  [[nodiscard]] std::uint64_t disk_bytes() const override {
    namespace fs = std::filesystem;
    std::uint64_t bytes = 0;
    std::error_code problem;
    for (fs::directory_iterator it{paths_.database, problem}, end; !problem && it != end; it.increment(problem)) {
      std::error_code gone; // A compaction may remove a file at any time.
      const auto size = it->file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }

private:
  /// Nothing if what is stored there is no counter.
  [[nodiscard]] std::optional<std::int64_t> stored_counter(family f, std::string_view key) const {
    std::string bytes;
    return get(f, key, bytes) ? decode_counter(bytes) : 0;
  }

  /// What the cache does not hold it reads from the database, which must not lie behind what was prepared.
  void keep_counters_right(const turn_survey& coming) {
    const auto begins = [&](const column_family& row) {
      return coming.counts[family_place(row.number)] && !counters_.expects_additions(row.number);
    };
    if (!counters_.is_full() && std::none_of(column_families.begin(), column_families.end(), begins)) return;
    under_way_.wait_for_none();
    if (counters_.is_full()) counters_.forget();
    for (const auto& row : column_families)
      if (begins(row)) counters_.expect_additions(row.number);
  }

  [[nodiscard]] result<void> build(const planned_turn& planned, const std::vector<turn_entry>& entries,
                                   rocksdb::WriteBatch& batch) {
    // First, so that a reader of the raw log finds it at a fixed place.
    const turn_marker marker{.turn = planned.turn,
                             .synced = synced_before(planned.turn),
                             .before = short_form(planned.before),
                             .after = short_form(planned.after)};
    batch.PutLogData(encode_marker(marker, started_.mark.id)).PermitUncheckedError();
    for (auto& changes : changes_) changes.clear();
    for (const auto& entry : entries)
      if (auto added = add(entry); !added) return added;
    std::deque<std::string> counted;
    counters_.drain([&](family f, std::string_view key, std::int64_t v) {
      // A counter that is missing reads as 0.
      changes_of(f).push_back({key, v == 0 ? std::string_view{} : counted.emplace_back(encode_counter(v)), v == 0});
    });
    for (const auto& row : column_families) {
      auto& changes = changes_of(row.number);
      keep_last_by_key(changes);
      for (const auto& change : changes)
        if (change.removed) remove(batch, row.number, change.key);
        else put(batch, row.number, change.key, change.bytes);
    }
    for (const auto& [partition, progress] : planned.partitions)
      put(batch, family::meta, partition_key(partition),
          codec::encode(partition_record{progress.index, progress.clock_ms, to_bytes(progress.chain)}));
    put(batch, family::meta, turn_key(), codec::encode(turn_record{planned.turn, to_bytes(planned.after)}));
    return {};
  }

  /// Adds an entry's changes to `changes_`, and to the counters.
  [[nodiscard]] result<void> add(const turn_entry& entry) {
    bool counts = true;
    auto decoded = for_each_mutation(entry.mutations.bytes(), [&](const mutation_view& m) {
      switch (m.kind) {
        case mutation_kind::put:
          counters_.overwritten(m.where, m.key, m.bytes);
          changes_of(m.where).push_back({m.key, m.bytes, false});
          break;
        case mutation_kind::remove:
          counters_.overwritten(m.where, m.key, std::nullopt);
          changes_of(m.where).push_back({m.key, {}, true});
          break;
        case mutation_kind::add: counts = counters_.add(m.where, m.key, m.delta) && counts; break;
      }
    });
    if (decoded && !counts) return fail(errc::internal, "a change adds to a key that holds no counter");
    return decoded;
  }

  [[nodiscard]] std::vector<key_change>& changes_of(family f) { return changes_[family_place(f)]; }

  void put(rocksdb::WriteBatch& batch, family f, std::string_view key, std::string_view bytes) const {
    // Can only fail beyond the limits that the batch was made without.
    batch
      .Put(started_.database->handle(f), rocksdb::Slice(key.data(), key.size()),
           rocksdb::Slice(bytes.data(), bytes.size()))
      .PermitUncheckedError();
  }

  void remove(rocksdb::WriteBatch& batch, family f, std::string_view key) const {
    batch.Delete(started_.database->handle(f), rocksdb::Slice(key.data(), key.size())).PermitUncheckedError();
  }

  [[nodiscard]] result<void> write(rocksdb::WriteBatch& batch) {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); // Nobody reads what it counts at every comparison of keys.
    rocksdb::WriteOptions options;
    options.sync = settings_.sync == durability::fsync;
    const std::lock_guard lock{log_mutex_};
    const auto status = started_.database->db().Write(options, &batch);
    if (status.ok()) return {};
    // What became of the bytes is unknown, and trying again could report as durable what the system already dropped.
    note_failure(to_error(status, paths_.database));
    return unexpected(*failure());
  }

  [[nodiscard]] result<void> sync_log() {
    const std::lock_guard lock{log_mutex_};
    const auto upto = written();
    const auto status = started_.database->db().SyncWAL();
    if (!status.ok()) return unexpected(to_error(status, paths_.database));
    const std::lock_guard guard{mutex_};
    synced_ = upto;
    return {};
  }

  [[nodiscard]] result<watermark> current_watermark() {
    auto mark = started_.mark;
    const auto turn = synced();
    mark.turn = turn.turn;
    mark.chain = turn.chain;
    const auto log = newest_log(paths_.database);
    if (!log) return unexpected(log.error());
    if (*log != started_.mark.log)
      // Only a name that is durable may be asked for at the next start.
      if (auto done = sync_directory(paths_.database); !done) return unexpected(done.error());
    mark.log = started_.mark.log = *log;
    return mark;
  }

  /// Which turn will be on the disk when `turn` is written: if the one before fails, this one is not written.
  [[nodiscard]] std::uint64_t synced_before(std::uint64_t turn) const {
    return settings_.sync == durability::fsync ? turn - 1 : synced().turn;
  }

  [[nodiscard]] proven_turn synced() const {
    const std::lock_guard lock{mutex_};
    return synced_;
  }

  [[nodiscard]] proven_turn written() const {
    const std::lock_guard lock{mutex_};
    return written_;
  }

  void note_written(const proven_turn& turn) {
    const std::lock_guard lock{mutex_};
    written_ = turn;
    if (settings_.sync == durability::fsync) synced_ = turn;
  }

  /// The first turn of a new log file is acknowledged only after the watermark asks for that file: then its loss is
  /// noticed from the beginning.
  [[nodiscard]] result<void> mark_new_log() {
    if (!log_begun_.exchange(false)) return {};
    auto done = keeper_->write_now();
    if (!done) note_failure(done.error());
    return done;
  }

  [[nodiscard]] std::optional<error> failure() const {
    const std::lock_guard lock{mutex_};
    return failure_;
  }

  void note_failure(const error& e) {
    const std::lock_guard lock{mutex_};
    if (!failure_) failure_ = e;
  }

  void note_background_error(const rocksdb::Status& status) {
    const auto e = to_error(status, paths_.database);
    note_failure(e);
    if (status.IsCorruption()) end_process(settings_, e);
  }

  rocksdb_settings settings_;
  database_paths paths_;
  turn_ledger ledger_;  ///< As written.
  turn_ledger planned_; ///< As prepared; so are the counters.
  counter_cache counters_;
  turns_under_way under_way_;
  /// Of the turn that is being prepared, by family; views into its entries.
  std::array<std::vector<key_change>, family_slots> changes_;
  started_database started_;
  std::atomic<bool> log_begun_ = false;
  std::mutex log_mutex_; ///< Keeps `SyncWAL` and writes apart.
  mutable std::mutex mutex_;
  proven_turn written_;          ///< Guarded by `mutex_`.
  proven_turn synced_;           ///< Guarded by `mutex_`.
  std::optional<error> failure_; ///< Guarded by `mutex_`. The first; nothing is written after it.
  std::optional<watermark_keeper> keeper_;
  std::optional<table_checker> checker_;
};

} // namespace

result<std::unique_ptr<store>> open_rocksdb_store(const std::string& directory, rocksdb_settings settings) {
  auto opened = std::make_unique<rocksdb_store>(std::move(settings));
  if (auto started = opened->start(directory); !started) return unexpected(started.error());
  return std::unique_ptr<store>(std::move(opened));
}

result<std::unique_ptr<store>> open_rocksdb_store(const std::string& directory, durability d) {
  rocksdb_settings settings;
  settings.sync = d;
  return open_rocksdb_store(directory, std::move(settings));
}

} // namespace penstock
