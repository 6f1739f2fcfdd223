#pragma once

// Inside storage/*.cpp only.

#include "storage/column_families.hpp"
#include "storage/turn_ledger.hpp"

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace penstock {

/// A lock that a thread may take for reading while it already reads: what a scan visits may read, too. Readers never
/// wait for a writer that only waits.
class reader_gate {
public:
  void lock();
  void unlock();
  void lock_shared();
  void unlock_shared();

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t readers_ = 0;
  bool writing_ = false;
};

/// The applied state in memory: an ordered map per family.
class memory_tables {
public:
  using table = std::map<std::string, std::string, std::less<>>;
  /// What a turn leaves behind in each key it touches; nothing: the key is removed.
  using changes = std::array<std::map<std::string, std::optional<std::string>, std::less<>>, family_slots>;

  /// Works out a turn without applying it.
  /// @returns `errc::internal` if it adds to what is no counter, `errc::corrupt_record` if a mutation does not decode.
  [[nodiscard]] result<changes> plan(const std::vector<turn_entry>& entries) const;
  void apply(changes&& planned);

  [[nodiscard]] const table& of(family f) const { return tables_[family_place(f)]; }

  // The whole state with the ledger's, as one text.
  [[nodiscard]] std::string encode(const turn_ledger& ledger) const;
  [[nodiscard]] result<void> decode(std::string_view text, std::uint64_t turn, turn_ledger& ledger);

private:
  std::array<table, family_slots> tables_;
};

/// A turn's entries as text, with the chain hash after it.
[[nodiscard]] std::string encode_turn(const std::vector<turn_entry>& entries, const chain_hash& after);
[[nodiscard]] result<std::vector<turn_entry>> decode_turn(std::string_view text, chain_hash& after);

} // namespace penstock
