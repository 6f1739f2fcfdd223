#include "storage/memory_store.hpp"

#include "storage/counter_cache.hpp"
#include "storage/memory_log.hpp"
#include "storage/memory_tables.hpp"
#include "storage/turn_check.hpp"

#include <algorithm>
#include <shared_mutex>

namespace penstock {

namespace {

/// The log is replaced by a snapshot when it is longer than this and than twice the last snapshot: so what a disk holds
/// is bounded by three times the state, and each byte of state is written again a bounded number of times.
constexpr std::size_t log_pages_max = 2'048;

class memory_store final : public store {
public:
  explicit memory_store(std::shared_ptr<memory_disk> disk) : disk_(std::move(disk)), opening_(disk_->get().open()) {}

  [[nodiscard]] result<void> recover() {
    const auto files = disk_->get().files();
    for (auto it = files.rbegin(); it != files.rend(); ++it) {
      const auto log = read_pages(disk_->get().read(*it));
      if (!log) return unexpected(log.error());
      const bool begins = *it == 1 || (!log->records.empty() && log->records[0].kind == memory_record_kind::snapshot);
      if (!begins && std::next(it) == files.rend())
        return fail(errc::corrupt_record, "memory log: its snapshot is missing");
      // The snapshot was being written at the crash, so the file before it is still whole.
      if (!begins) continue;
      return replay(*it, *log);
    }
    if (!disk_->get().truncate(opening_, file_, 0)) return write_failed();
    return {};
  }

  [[nodiscard]] result<void> write_turn(const std::vector<turn_entry>& entries) override {
    if (log_pages_ > std::max(log_pages_max, 2 * snapshot_pages_))
      if (auto done = checkpoint(); !done) return done;
    const auto planned = ledger_.plan(entries);
    if (!planned) return unexpected(planned.error());
    if (const auto checked = survey(entries); !checked) return unexpected(checked.error());
    auto changes = tables_.plan(entries);
    if (!changes) return unexpected(changes.error());
    const auto pages = to_pages({memory_record_kind::turn, planned->turn, encode_turn(entries, planned->after)});
    if (!disk_->get().append(opening_, file_, pages) || !disk_->get().sync(opening_, file_)) return write_failed();
    log_pages_ += pages.size();
    const std::unique_lock lock{gate_};
    ledger_.commit(*planned);
    tables_.apply(std::move(*changes));
    return {};
  }

  [[nodiscard]] bool get(family f, std::string_view key, std::string& bytes) const override {
    const std::shared_lock lock{gate_};
    const auto& rows = tables_.of(f);
    const auto it = rows.find(key);
    if (it == rows.end()) return false;
    bytes = it->second;
    return true;
  }

  [[nodiscard]] std::int64_t counter(family f, std::string_view key) const override {
    std::string bytes;
    return get(f, key, bytes) ? decode_counter(bytes).value_or(0) : 0;
  }

  void scan(family f, std::string_view begin, std::string_view end,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    if (begin >= end) return;
    const std::shared_lock lock{gate_};
    const auto& rows = tables_.of(f);
    for (auto it = rows.lower_bound(begin); it != rows.end() && it->first < end; ++it)
      if (!visit(it->first, it->second)) return;
  }

  [[nodiscard]] partition_position position(std::uint16_t partition) const override {
    return ledger_.position(partition);
  }

  /// Begins a new file with the state as it is. The old one goes only after the new one is synced.
  [[nodiscard]] result<void> checkpoint() override {
    auto& disk = disk_->get();
    const auto pages = to_pages({memory_record_kind::snapshot, ledger_.turn(), tables_.encode(ledger_)});
    if (!disk.append(opening_, file_ + 1, pages) || !disk.sync(opening_, file_ + 1) || !disk.remove(opening_, file_))
      return write_failed();
    ++file_;
    snapshot_pages_ = pages.size();
    log_pages_ = 0;
    return {};
  }

  [[nodiscard]] std::uint64_t disk_bytes() const override {
    return disk_->get().pages() * std::tuple_size_v<memory_page>;
  }

private:
  static unexpected<error> write_failed() { return fail(errc::io_failed, "the disk in memory failed"); }

  [[nodiscard]] result<void> replay(memory_disk::impl::number file, const memory_log_contents& log) {
    for (const auto& record : log.records)
      if (auto done = replay(record); !done) return done;
    file_ = file;
    log_pages_ = log.sound_pages;
    auto& disk = disk_->get();
    // Whatever is left of a write cut short goes, or it could be taken for a part of the next.
    bool done = disk.truncate(opening_, file, log.sound_pages) && disk.sync(opening_, file);
    for (const auto other : disk.files()) done = done && (other == file || disk.remove(opening_, other));
    if (!done) return write_failed();
    return {};
  }

  [[nodiscard]] result<void> replay(const memory_record& record) {
    if (record.kind == memory_record_kind::snapshot) return tables_.decode(record.payload, record.turn, ledger_);
    chain_hash after{};
    const auto entries = decode_turn(record.payload, after);
    if (!entries) return unexpected(entries.error());
    const auto planned = ledger_.plan(*entries);
    if (!planned || planned->turn != record.turn || planned->after != after)
      return fail(errc::corrupt_record, "memory log: turn " + std::to_string(record.turn) + " does not follow turn " +
                                          std::to_string(ledger_.turn()));
    auto changes = tables_.plan(*entries);
    if (!changes) return unexpected(changes.error());
    ledger_.commit(*planned);
    tables_.apply(std::move(*changes));
    return {};
  }

  std::shared_ptr<memory_disk> disk_;
  memory_disk::impl::opening opening_;
  memory_disk::impl::number file_ = 1;
  std::size_t log_pages_ = 0;
  std::size_t snapshot_pages_ = 0;
  turn_ledger ledger_;
  mutable reader_gate gate_; ///< Guards `tables_`.
  memory_tables tables_;
};

} // namespace

result<std::unique_ptr<store>> open_memory_store(std::shared_ptr<memory_disk> disk) {
  auto opened = std::make_unique<memory_store>(std::move(disk));
  if (auto recovered = opened->recover(); !recovered) return unexpected(recovered.error());
  return std::unique_ptr<store>(std::move(opened));
}

} // namespace penstock
