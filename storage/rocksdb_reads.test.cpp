#include "storage/rocksdb_store.hpp"

#include "storage/big_endian.hpp"
#include "storage/test_support.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using namespace penstock::test;

namespace {

constexpr std::uint64_t key_count = 600'000;
constexpr std::uint64_t rounds = 6; ///< More than there may be new tables before they are merged into a large one.
constexpr std::chrono::milliseconds quiet_for{300};
constexpr int waits_max = 50;

std::string key_of(std::uint64_t number) {
  std::string key;
  put_big_endian(key, number);
  return key;
}

/// Bytes that this process has asked the system to read, wherever they were.
std::uint64_t bytes_read() {
  std::ifstream file{"/proc/self/io"};
  std::string name;
  std::uint64_t bytes = 0;
  file >> name >> bytes;
  REQUIRE(name == "rchar:");
  return bytes;
}

void fill(store& into) {
  for (std::uint64_t round = 0; round < rounds; ++round) {
    std::vector<turn_entry> turn(1);
    turn[0].partition = 1;
    turn[0].index = round + 1;
    for (auto i = round; i < key_count; i += rounds) turn[0].mutations.put(family::state, key_of(i), "a record");
    REQUIRE(into.write_turn(turn));
    REQUIRE(into.checkpoint());
  }
}

/// Waits until nothing is read in the background any more.
void wait_for_merging() {
  for (int i = 0; i < waits_max; ++i) {
    const auto before = bytes_read();
    std::this_thread::sleep_for(quiet_for);
    if (bytes_read() - before < 1'000) return;
  }
  FAIL("tables are still being merged");
}

} // namespace

SCENARIO("looking up the same records again reads next to nothing, however many others there are", "[storage][store]") {
  temporary_directory directory;
  rocksdb_settings settings;
  settings.sync = durability::interval;
  settings.block_cache_bytes = std::size_t{4} << 20;
  auto opened = open_rocksdb_store(directory.path(), settings);
  REQUIRE(opened);
  auto& state = **opened;
  fill(state);
  wait_for_merging();
  std::string bytes;
  const auto look_up = [&] {
    const auto before = bytes_read();
    for (std::uint64_t i = 0; i < 100; ++i) REQUIRE(state.get(family::state, key_of(i * (key_count / 100)), bytes));
    return bytes_read() - before;
  };
  (void)look_up();
  CHECK(look_up() < std::uint64_t{1} << 20);
}
