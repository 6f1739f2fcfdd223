#include "runtime/model/ids.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

SCENARIO("an id carries its slot, its version and its time order", "[ids]") {
  for (slot_number slot : {slot_number{0}, slot_number{1}, slot_number{513}, slot_number{1023}}) {
    const auto id = make_uuid7(from_ms(1'790'000'000'000), slot, 0xfedcba9876543210ull);
    CHECK(slot_of(id) == slot);
    CHECK((id.bytes[6] >> 4) == 7);
    CHECK((id.bytes[8] >> 6) == 2);
  }
  CHECK(make_uuid7(from_ms(1), 1023, ~0ull) < make_uuid7(from_ms(2), 0, 0));
  CHECK(make_uuid7(from_ms(1), 5, 1ull << 52) < make_uuid7(from_ms(1), 5, 2ull << 52));
}

SCENARIO("every surface's clothing of an id is read", "[ids]") {
  const auto id = make_uuid7(from_ms(1'790'000'000'000), 77, 99);
  const auto text = to_text(id);
  CHECK(text.size() == 36);
  CHECK(parse_uuid(text) == id);
  auto bare = text;
  std::erase(bare, '-');
  CHECK(parse_uuid("pipe_" + bare) == id);
  CHECK(parse_uuid("run_" + text) == id);
  CHECK_FALSE(parse_uuid(""));
  CHECK_FALSE(parse_uuid(text + "0"));
  CHECK_FALSE(parse_uuid("zz" + text.substr(2)));
  CHECK_FALSE(parse_uuid(std::string(36, '-')));
}

SCENARIO("slots fall on partitions in equal ranges, so that twice as many split each in two", "[ids]") {
  CHECK(partition_of(0, 8) == 1);
  CHECK(partition_of(127, 8) == 1);
  CHECK(partition_of(128, 8) == 2);
  CHECK(partition_of(1023, 8) == 8);
  for (slot_number slot = 0; slot < slot_count; ++slot)
    CHECK((partition_of(slot, 16) - 1) / 2 == partition_of(slot, 8) - 1);
}
