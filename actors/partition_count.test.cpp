#include "actors/partition_count.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("every number of partitions that the setting takes is read as it was kept", "[node][partitions]") {
  for (const partition_id count : {1, 8, 44, 255, 256, 300, 512, 1'024}) {
    const auto kept = decode_partition_count(encode_partition_count(count));
    INFO(count);
    REQUIRE(kept);
    CHECK(*kept == count);
  }
}

TEST_CASE("the one byte of the first databases still reads", "[node][partitions]") {
  CHECK(decode_partition_count("\x08").value() == 8);
  CHECK(decode_partition_count("\xFF").value() == 255);
}

TEST_CASE("anything else is no number of partitions", "[node][partitions]") {
  using namespace std::string_view_literals;
  for (const auto bytes : {""sv, "\0"sv, "\0\0"sv, "\x04\x01"sv, "\0\0\x08"sv}) {
    const auto kept = decode_partition_count(bytes);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().code == errc::corrupt_record);
  }
}
