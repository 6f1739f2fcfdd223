#include "storage/turn_format.hpp"

#include "storage/big_endian.hpp"

#include <sodium.h>

#include <cstring>
#include <stdexcept>

namespace penstock {

namespace {

static_assert(std::tuple_size_v<database_id> == crypto_shorthash_KEYBYTES);

/// libsodium's functions used here work before this, but its generator and fastest code need it.
void start_sodium() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium finds no source of randomness");
}

std::uint64_t checksum(std::string_view bytes, const database_id& id) {
  std::array<std::uint8_t, crypto_shorthash_BYTES> sum{};
  crypto_shorthash(sum.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), id.data());
  std::uint64_t v = 0;
  std::memcpy(&v, sum.data(), sizeof v);
  return v;
}

class hasher {
public:
  hasher() { crypto_generichash_init(&state_, nullptr, 0, std::tuple_size_v<chain_hash>); }
  void add(std::string_view bytes) {
    crypto_generichash_update(&state_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  void add(const chain_hash& hash) { crypto_generichash_update(&state_, hash.data(), hash.size()); }
  [[nodiscard]] chain_hash end() {
    chain_hash out{};
    crypto_generichash_final(&state_, out.data(), out.size());
    return out;
  }

private:
  crypto_generichash_state state_;
};

std::string meta_key(std::uint8_t tag) { return std::string(1, static_cast<char>(tag)); }

} // namespace

std::uint64_t short_form(const chain_hash& hash) noexcept {
  return big_endian_at<std::uint64_t>({reinterpret_cast<const char*>(hash.data()), 8});
}

database_id make_database_id() {
  start_sodium();
  database_id id{};
  randombytes_buf(id.data(), id.size());
  return id;
}

std::string encode_marker(const turn_marker& marker, const database_id& id) {
  std::string out;
  out.reserve(marker_bytes);
  out += marker_magic;
  for (const auto number : {marker.turn, marker.synced, marker.before, marker.after}) put_big_endian(out, number);
  put_big_endian(out, checksum(out, id));
  return out;
}

std::optional<turn_marker> decode_marker(std::string_view bytes, const database_id& id) {
  if (bytes.size() < marker_bytes || !bytes.starts_with(marker_magic)) return std::nullopt;
  constexpr auto summed = marker_bytes - 8;
  if (big_endian_at<std::uint64_t>(bytes, summed) != checksum(bytes.substr(0, summed), id)) return std::nullopt;
  return turn_marker{.turn = big_endian_at<std::uint64_t>(bytes, 8),
                     .synced = big_endian_at<std::uint64_t>(bytes, 16),
                     .before = big_endian_at<std::uint64_t>(bytes, 24),
                     .after = big_endian_at<std::uint64_t>(bytes, 32)};
}

std::string database_key() { return meta_key(1); }

std::string turn_key() { return meta_key(2); }

std::string partition_key(std::uint16_t partition) {
  auto key = meta_key(3);
  put_big_endian(key, partition);
  return key;
}

std::string to_bytes(const chain_hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

std::optional<chain_hash> chain_from_bytes(std::string_view bytes) noexcept {
  chain_hash hash{};
  if (bytes.size() != hash.size()) return std::nullopt;
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

chain_hash extend_chain(const chain_hash& before, const turn_entry& entry) {
  std::string head;
  put_big_endian(head, entry.partition);
  put_big_endian(head, entry.index);
  put_big_endian(head, static_cast<std::uint64_t>(entry.clock_ms));
  hasher h;
  h.add(before);
  h.add(head);
  h.add(entry.mutations.bytes());
  return h.end();
}

chain_hash extend_chain(const chain_hash& before, const chain_hash& part) {
  hasher h;
  h.add(before);
  h.add(part);
  return h.end();
}

} // namespace penstock
