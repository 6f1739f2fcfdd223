#include "storage/column_families.hpp"
#include "storage/store.hpp"

#include "runtime/model/codec.hpp"
#include "storage/big_endian.hpp"

// A mutation is: kind u8 | family u8 | key length varint | key, and then for `put` length varint | bytes, for `add` the
// delta as u64. It is replicated and logged, so the layout is permanent; another one takes another kind.

namespace penstock {

namespace {

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

bool take_mutation(std::string_view& in, mutation_view& out) {
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
  return false;
}

} // namespace

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
    if (!take_mutation(batch, mutation))
      return fail(errc::corrupt_record, "a list of changes does not decode at byte " + std::to_string(offset));
    visit(mutation);
  }
  return {};
}

} // namespace penstock
