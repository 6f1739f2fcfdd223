#include "storage/turn_format.hpp"

#include "runtime/model/codec.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

SCENARIO("a marker comes back, and no altered or foreign one does", "[storage][turn]") {
  const auto id = make_database_id();
  const turn_marker marker{.turn = 7, .synced = 6, .before = 1ull << 63, .after = 12};
  const auto bytes = encode_marker(marker, id);
  REQUIRE(bytes.size() == marker_bytes);
  CHECK(decode_marker(bytes, id) == marker);
  CHECK(decode_marker(bytes + "what follows", id) == marker);
  CHECK_FALSE(decode_marker(bytes, make_database_id()));
  CHECK_FALSE(decode_marker(std::string_view(bytes).substr(0, bytes.size() - 1), id));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    CHECK_FALSE(decode_marker(flipped, id));
  }
}

SCENARIO("a chain hash depends on everything before it", "[storage][turn]") {
  mutation_batch some;
  some.put(family::state, "a", "b");
  const turn_entry entry{.partition = 1, .index = 2, .clock_ms = 3, .mutations = some};
  const auto first = extend_chain(chain_hash{}, entry);
  CHECK(first == extend_chain(chain_hash{}, entry));
  CHECK(extend_chain(first, entry) != first);
  auto other = entry;
  other.index = 3;
  CHECK(extend_chain(chain_hash{}, other) != first);
  other = entry;
  other.partition = 2;
  CHECK(extend_chain(chain_hash{}, other) != first);
  other = entry;
  other.clock_ms = 4;
  CHECK(extend_chain(chain_hash{}, other) != first);
  other = entry;
  other.mutations.remove(family::state, "a");
  CHECK(extend_chain(chain_hash{}, other) != first);
}

SCENARIO("records of the store's own come back", "[storage][turn]") {
  const chain_hash hash = extend_chain(chain_hash{}, chain_hash{});
  const auto back = codec::decode<partition_record>(codec::encode(partition_record{9, -4, to_bytes(hash)}));
  REQUIRE(back);
  CHECK(back->index == 9);
  CHECK(back->clock_ms == -4);
  CHECK(chain_from_bytes(back->chain) == hash);
  CHECK_FALSE(chain_from_bytes("short"));
}

SCENARIO("partitions' keys are in the order of their numbers", "[storage][turn]") {
  CHECK(partition_key(1) < partition_key(2));
  CHECK(partition_key(255) < partition_key(256));
  CHECK(turn_key() < partition_key(0));
  CHECK(database_key() < turn_key());
}
