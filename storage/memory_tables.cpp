#include "storage/memory_tables.hpp"

#include "runtime/model/codec.hpp"
#include "storage/counter_cache.hpp"

namespace penstock {

namespace {

void put_text(std::string& out, std::string_view text) {
  codec::put_varint(out, text.size());
  out += text;
}

bool take_text(std::string_view& in, std::string_view& text) {
  std::uint64_t size = 0;
  if (!codec::take_varint(in, size) || size > in.size()) return false;
  text = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

bool take_hash(std::string_view& in, chain_hash& hash) {
  std::string_view bytes;
  if (!take_text(in, bytes)) return false;
  const auto taken = chain_from_bytes(bytes);
  if (taken) hash = *taken;
  return taken.has_value();
}

bool take_entry(std::string_view& in, turn_entry& entry) {
  std::uint64_t partition = 0;
  std::uint64_t clock = 0;
  std::string_view mutations;
  if (!codec::take_varint(in, partition) || !codec::take_varint(in, entry.index) || !codec::take_varint(in, clock) ||
      !take_text(in, mutations))
    return false;
  entry.partition = static_cast<std::uint16_t>(partition);
  entry.clock_ms = codec::unzigzag(clock);
  entry.mutations = mutation_batch::from_bytes(std::string(mutations));
  return true;
}

} // namespace

void reader_gate::lock() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return !writing_ && readers_ == 0; });
  writing_ = true;
}

void reader_gate::unlock() {
  {
    const std::lock_guard lock{mutex_};
    writing_ = false;
  }
  changed_.notify_all();
}

void reader_gate::lock_shared() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return !writing_; });
  ++readers_;
}

void reader_gate::unlock_shared() {
  {
    const std::lock_guard lock{mutex_};
    --readers_;
  }
  changed_.notify_all();
}

result<memory_tables::changes> memory_tables::plan(const std::vector<turn_entry>& entries) const {
  changes planned;
  bool counts = true;
  const auto add = [&](const mutation_view& m, std::optional<std::string>& slot, bool is_new) {
    const auto& known = of(m.where);
    const auto stored = known.find(m.key);
    if (is_new && stored != known.end()) slot = stored->second;
    const auto before = slot ? decode_counter(*slot) : 0;
    counts = counts && before;
    if (!before) return;
    const auto sum = static_cast<std::uint64_t>(*before) + static_cast<std::uint64_t>(m.delta);
    // A counter that is missing reads as 0.
    slot = sum == 0 ? std::nullopt : std::optional{encode_counter(static_cast<std::int64_t>(sum))};
  };
  for (const auto& entry : entries) {
    const auto decoded = for_each_mutation(entry.mutations.bytes(), [&](const mutation_view& m) {
      auto [it, is_new] = planned[family_place(m.where)].try_emplace(std::string(m.key));
      switch (m.kind) {
        case mutation_kind::put: it->second = std::string(m.bytes); break;
        case mutation_kind::remove: it->second.reset(); break;
        case mutation_kind::add: add(m, it->second, is_new); break;
      }
    });
    if (!decoded) return unexpected(decoded.error());
  }
  if (!counts) return fail(errc::internal, "a change adds to a key that holds no counter");
  return planned;
}

void memory_tables::apply(changes&& planned) {
  for (std::size_t i = 0; i < planned.size(); ++i) {
    for (auto& [key, bytes] : planned[i]) {
      if (bytes) tables_[i].insert_or_assign(key, std::move(*bytes));
      else tables_[i].erase(key);
    }
  }
}

std::string memory_tables::encode(const turn_ledger& ledger) const {
  std::string out;
  put_text(out, to_bytes(ledger.chain()));
  codec::put_varint(out, ledger.partitions().size());
  for (const auto& [partition, progress] : ledger.partitions()) {
    codec::put_varint(out, partition);
    codec::put_varint(out, progress.index);
    codec::put_varint(out, codec::zigzag(progress.clock_ms));
    put_text(out, to_bytes(progress.chain));
  }
  for (const auto& rows : tables_) {
    codec::put_varint(out, rows.size());
    for (const auto& [key, bytes] : rows) {
      put_text(out, key);
      put_text(out, bytes);
    }
  }
  return out;
}

result<void> memory_tables::decode(std::string_view text, std::uint64_t turn, turn_ledger& ledger) {
  chain_hash chain{};
  std::uint64_t count = 0;
  bool decodes = take_hash(text, chain) && codec::take_varint(text, count);
  if (decodes) ledger.restore(turn, chain);
  for (std::uint64_t i = 0; decodes && i < count; ++i) {
    std::uint64_t partition = 0;
    std::uint64_t clock = 0;
    partition_progress progress;
    decodes = codec::take_varint(text, partition) && codec::take_varint(text, progress.index) &&
              codec::take_varint(text, clock) && take_hash(text, progress.chain);
    progress.clock_ms = codec::unzigzag(clock);
    if (decodes) ledger.restore(static_cast<std::uint16_t>(partition), progress);
  }
  for (auto& rows : tables_) {
    decodes = decodes && codec::take_varint(text, count);
    for (std::uint64_t i = 0; decodes && i < count; ++i) {
      std::string_view key;
      std::string_view bytes;
      decodes = take_text(text, key) && take_text(text, bytes);
      if (decodes) rows.emplace_hint(rows.end(), key, bytes);
    }
  }
  if (!decodes || !text.empty()) return fail(errc::corrupt_record, "a snapshot in memory does not decode");
  return {};
}

std::string encode_turn(const std::vector<turn_entry>& entries, const chain_hash& after) {
  std::string out;
  put_text(out, to_bytes(after));
  for (const auto& entry : entries) {
    codec::put_varint(out, entry.partition);
    codec::put_varint(out, entry.index);
    codec::put_varint(out, codec::zigzag(entry.clock_ms));
    put_text(out, entry.mutations.bytes());
  }
  return out;
}

result<std::vector<turn_entry>> decode_turn(std::string_view text, chain_hash& after) {
  std::vector<turn_entry> entries;
  bool decodes = take_hash(text, after);
  while (decodes && !text.empty()) decodes = take_entry(text, entries.emplace_back());
  if (!decodes) return fail(errc::corrupt_record, "a turn in memory does not decode");
  return entries;
}

} // namespace penstock
