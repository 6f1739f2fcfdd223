#include "storage/column_families.hpp"
#include "storage/store.hpp"

#include "runtime/model/codec.hpp"
#include "storage/big_endian.hpp"

#include <cassert>

// A mutation is: kind u8 | family u8 | key length varint | key, and then for `put` length varint | bytes, for `add` the
// delta as u64, for `add_levels` length varint | detail | levels u8 | delta as zigzag varint. It is replicated and logged,
// so the layout is permanent; another one takes another kind.

namespace penstock {

namespace {

constexpr auto add_levels_kind = static_cast<mutation_kind>(4);

void put_head(std::string& out, mutation_kind kind, family f, std::string_view key) {
  out += static_cast<char>(kind);
  out += static_cast<char>(f);
  codec::put_varint(out, key.size());
  out += key;
}

bool take_text(std::string_view& in, std::string_view& text) {
  std::uint64_t size = 0;
  if (!codec::take_varint(in, size) || size > in.size()) return false;
  text = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

/// What `add_levels` has behind its key.
struct level_part {
  std::string_view detail;
  std::uint8_t levels = 0;
};

bool take_levels(std::string_view& in, level_part& out, std::int64_t& delta) {
  if (!take_text(in, out.detail) || in.empty()) return false;
  out.levels = static_cast<std::uint8_t>(in[0]);
  in.remove_prefix(1);
  std::uint64_t zigzag = 0;
  if (!codec::take_varint(in, zigzag)) return false;
  delta = codec::unzigzag(zigzag);
  return out.levels >> out.detail.size() <= 1; // No level asks for more of the detail than there is.
}

bool take_mutation(std::string_view& in, mutation_view& out, level_part& levels) {
  if (in.size() < 2 || !is_family(static_cast<std::uint8_t>(in[1]))) return false;
  out = mutation_view{static_cast<mutation_kind>(in[0]), static_cast<family>(in[1]), {}, {}, 0};
  in.remove_prefix(2);
  if (!take_text(in, out.key)) return false;
  switch (out.kind) {
    case mutation_kind::put: return take_text(in, out.bytes);
    case mutation_kind::remove: return true;
    case mutation_kind::add:
      if (in.size() < sizeof out.delta) return false;
      out.delta = static_cast<std::int64_t>(big_endian_at<std::uint64_t>(in));
      in.remove_prefix(sizeof out.delta);
      return true;
  }
  if (out.kind == add_levels_kind) return take_levels(in, levels, out.delta);
  return false;
}

void visit_levels(mutation_view mutation, const level_part& part,
                  const std::function<void(const mutation_view&)>& visit) {
  const auto base = mutation.key;
  mutation.kind = mutation_kind::add;
  for (std::uint8_t n = 0; n < 8; ++n) {
    if ((part.levels >> n & 1) == 0) continue;
    const auto key = level_key(base, part.detail, n);
    mutation.key = key;
    visit(mutation);
  }
}

} // namespace

std::string level_key(std::string_view base, std::string_view detail, std::uint8_t n) {
  std::string key;
  key.reserve(base.size() + 1 + n);
  key.append(base);
  key += static_cast<char>(n);
  return key.append(detail.substr(0, n));
}

void mutation_batch::put(family f, std::string_view key, std::string_view bytes) {
  put_head(bytes_, mutation_kind::put, f, key);
  codec::put_varint(bytes_, bytes.size());
  bytes_ += bytes;
}

void mutation_batch::remove(family f, std::string_view key) { put_head(bytes_, mutation_kind::remove, f, key); }

void mutation_batch::add(family f, std::string_view key, std::int64_t delta) {
  put_head(bytes_, mutation_kind::add, f, key);
  put_big_endian(bytes_, static_cast<std::uint64_t>(delta));
}

void mutation_batch::add_levels(family f, std::string_view base, std::string_view detail, std::uint8_t levels,
                                std::int64_t delta) {
  assert(detail.size() < 8 && levels >> detail.size() <= 1);
  put_head(bytes_, add_levels_kind, f, base);
  codec::put_varint(bytes_, detail.size());
  bytes_ += detail;
  bytes_ += static_cast<char>(levels);
  codec::put_varint(bytes_, codec::zigzag(delta));
}

mutation_batch mutation_batch::from_bytes(std::string bytes) {
  mutation_batch batch;
  batch.bytes_ = std::move(bytes);
  return batch;
}

result<void> for_each_mutation(std::string_view batch, const std::function<void(const mutation_view&)>& visit) {
  const auto size = batch.size();
  while (!batch.empty()) {
    const auto offset = size - batch.size();
    mutation_view mutation{};
    level_part levels;
    if (!take_mutation(batch, mutation, levels))
      return fail(errc::corrupt_record, "a list of changes does not decode at byte " + std::to_string(offset));
    if (mutation.kind == add_levels_kind) visit_levels(mutation, levels, visit);
    else visit(mutation);
  }
  return {};
}

} // namespace penstock
