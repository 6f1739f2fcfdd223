#pragma once

#include "runtime/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The column families; see `storage/column_families.hpp` for names, key layouts and owners.
/// Stored in every mutation: a number once given is never reused.
enum class family : std::uint8_t {
  meta = 1,     ///< Of the database and its partitions: format, applied index, chain hash, clock.
  state = 2,    ///< Pipelines, revisions, runs, tasks, keys, workspaces.
  index = 3,    ///< Lists: pipelines by workspace, runs by pipeline, active runs. Can be rebuilt.
  counters = 4, ///< Totals behind lists.
  timers = 5,   ///< What is due when.
  outbox = 6,   ///< Messages to other entities, until acknowledged.
  requests = 7, ///< Results kept for a repeated `Idempotency-Key`.
  history = 8,  ///< What happened to a run beside its current state.
  events = 9,   ///< Events and their deliveries to webhooks.
  audit = 10,   ///< Who changed what when.
};

/// A list of key changes: what a decision writes and what is replicated. Encoded as it is built.
class mutation_batch {
public:
  void put(family f, std::string_view key, std::string_view bytes);
  void remove(family f, std::string_view key);
  /// Adds to a 64-bit counter, which starts at 0.
  void add(family f, std::string_view key, std::int64_t delta);
  /// Adds the same to several counters that count one thing, from coarse to fine: for each bit n of `levels` to the one
  /// at `level_key(base, detail, n)`. Takes little more room than one addition.
  /// @param detail at most 7 bytes; no level may ask for more than there are.
  void add_levels(family f, std::string_view base, std::string_view detail, std::uint8_t levels, std::int64_t delta);

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  /// Takes bytes that came over a network or from a disk; `for_each_mutation` checks them.
  [[nodiscard]] static mutation_batch from_bytes(std::string bytes);

private:
  std::string bytes_;
};

/// Key of a counter of `add_levels`: base | n u8 | the first n bytes of `detail`. So counters of one level lie together.
[[nodiscard]] std::string level_key(std::string_view base, std::string_view detail, std::uint8_t n);

/// 4 is taken: an addition at several levels, which readers see as several additions.
enum class mutation_kind : std::uint8_t { put = 1, remove = 2, add = 3 };

struct mutation_view {
  mutation_kind kind;
  family where;
  std::string_view key;
  std::string_view bytes; ///< `put` only.
  std::int64_t delta = 0; ///< `add` only.
};

/// Calls `visit` for each mutation in order; `add_levels` comes as one `add` per level.
/// @returns `errc::corrupt_record` at the first that does not decode.
[[nodiscard]] result<void> for_each_mutation(std::string_view batch,
                                             const std::function<void(const mutation_view&)>& visit);

/// Reads of the durable, applied state. Thread-safe; never sees a part of a turn.
class state_reader {
public:
  virtual ~state_reader() = default;

  /// @returns whether `key` is there; then `bytes` is what was put.
  [[nodiscard]] virtual bool get(family f, std::string_view key, std::string& bytes) const = 0;
  [[nodiscard]] virtual std::int64_t counter(family f, std::string_view key) const = 0;
  /// Visits keys in [begin, end) in byte order until `visit` answers false. Views live for the call only.
  virtual void scan(family f, std::string_view begin, std::string_view end,
                    const std::function<bool(std::string_view key, std::string_view bytes)>& visit) const = 0;
};

/// One partition's part of a turn.
struct turn_entry {
  std::uint16_t partition = 0;
  std::uint64_t index = 0;   ///< Applied index of the partition after this entry; consecutive.
  std::int64_t clock_ms = 0; ///< The partition's clock, which never runs backwards.
  mutation_batch mutations;
};

/// A turn that is ready to be written. May be dropped instead, after a failure.
class prepared_turn {
public:
  explicit prepared_turn(const std::vector<turn_entry>& e) : entries(e) {}
  virtual ~prepared_turn() = default;

  const std::vector<turn_entry>& entries;
};

/// The durable state of a node. One writer (the log writer), any number of readers.
class store : public state_reader {
public:
  /// Writes all entries atomically and durably (fsync) as the next turn.
  /// @returns an error after which nothing may be written any more: the caller ends the process.
  [[nodiscard]] virtual result<void> write_turn(const std::vector<turn_entry>& entries) = 0;

  /// The same in two steps: one thread may prepare a turn while another writes the one before. Turns are written in the
  /// order in which they were prepared. The entries must outlive both steps.
  [[nodiscard]] virtual result<std::unique_ptr<prepared_turn>> prepare(const std::vector<turn_entry>& entries) {
    return std::make_unique<prepared_turn>(entries);
  }
  [[nodiscard]] virtual result<void> write(std::unique_ptr<prepared_turn> turn) { return write_turn(turn->entries); }

  /// Applied index and clock of a partition, 0 and 0 if it never wrote.
  struct partition_position {
    std::uint64_t index = 0;
    std::int64_t clock_ms = 0;
  };
  [[nodiscard]] virtual partition_position position(std::uint16_t partition) const = 0;

  /// Flushes memory to files so that the next start has little to replay. Optional for callers; blocks.
  [[nodiscard]] virtual result<void> checkpoint() = 0;

  /// Approximate bytes on disk, for metrics.
  [[nodiscard]] virtual std::uint64_t disk_bytes() const = 0;
};

enum class durability : std::uint8_t {
  fsync,    ///< Every turn is synced before it is acknowledged.
  interval, ///< Synced once a second: may lose a second at a power failure, nothing at a crash of the process.
};

/// Opens or makes the database below `directory`. Proves that no synced turn is damaged or missing.
/// @returns `errc::corrupt_record` naming file and offset, or `errc::io_failed` (also when another process holds it).
[[nodiscard]] result<std::unique_ptr<store>> open_rocksdb_store(const std::string& directory, durability d);

} // namespace penstock
