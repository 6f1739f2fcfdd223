#include "storage/log_scan.hpp"

#include "storage/crc32c.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace penstock;

namespace {

constexpr std::size_t block = 32'768;
constexpr std::size_t header = 7;
const database_id id = make_database_id();

void put_little_endian(std::string& out, std::uint32_t v, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(v >> 8 * i);
}

/// Writes a log as RocksDB does.
class log_builder {
public:
  void record(std::string_view payload) {
    bool first = true;
    do {
      const auto left = block - bytes.size() % block;
      if (left < header) {
        bytes.append(left, '\0');
        continue;
      }
      const auto part = payload.substr(0, left - header);
      payload.remove_prefix(part.size());
      fragment(first ? (payload.empty() ? 1 : 2) : (payload.empty() ? 4 : 3), part);
      first = false;
    } while (first || !payload.empty());
  }

  void turn(std::uint64_t number, std::size_t size) {
    std::string batch(12, '\1');
    batch += '\3';
    batch += static_cast<char>(marker_bytes);
    batch += encode_marker({.turn = number, .synced = number - 1, .before = number - 1, .after = number}, id);
    batch.append(size, static_cast<char>('a' + number % 26));
    record(batch);
    ends.push_back(bytes.size());
  }

  std::string bytes;
  std::vector<std::size_t> ends; ///< Of each turn.

private:
  void fragment(int kind, std::string_view part) {
    std::string summed(1, static_cast<char>(kind));
    summed += part;
    const auto crc = crc32c(summed);
    put_little_endian(bytes, ((crc >> 15) | (crc << 17)) + 0xa282ead8u, 4);
    put_little_endian(bytes, static_cast<std::uint32_t>(part.size()), 2);
    bytes += summed;
  }
};

} // namespace

SCENARIO("CRC-32C is the one that RFC 3720 gives an example of", "[storage][log]") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(crc32c("123456789") == 0xe3069283u);
}

SCENARIO("turns of all sizes are read from a whole log", "[storage][log]") {
  log_builder log;
  const std::vector<std::size_t> sizes{0, 1, 500, 40'000, 0, 100'000, 32'768, 7, 200};
  for (std::size_t i = 0; i < sizes.size(); ++i) log.turn(i + 1, sizes[i]);
  const auto clean_end = log.bytes.size();
  for (const std::size_t zeros : {0, 1, 100, 70'000}) {
    const auto read = scan_log(log.bytes + std::string(zeros, '\0'), id);
    REQUIRE(read.turns.size() == sizes.size());
    CHECK(read.sighted.size() == sizes.size());
    CHECK(read.ends_clean);
    CHECK(read.sound_bytes == clean_end);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      CHECK(read.turns[i].marker.turn == i + 1);
      CHECK(read.turns[i].end == log.ends[i]);
      CHECK(read.sighted[i].marker.turn == i + 1);
    }
  }
  CHECK(scan_log("", id).ends_clean);
  CHECK(scan_log(log.bytes, make_database_id()).turns.empty());
}

SCENARIO("an empty batch, as RocksDB writes one, is no turn and no damage", "[storage][log]") {
  log_builder log;
  log.record(std::string(12, '\0'));
  log.turn(1, 10);
  const auto read = scan_log(log.bytes, id);
  CHECK(read.turns.size() == 1);
  CHECK(read.ends_clean);
}

SCENARIO("a marker at any place around a block's end is found, also if the record before it is damaged",
         "[storage][log]") {
  // The second turn begins at each offset near the end of the first block; the third shows what comes after.
  for (std::size_t gap = 0; gap <= 3 * marker_bytes; ++gap) {
    log_builder log;
    log.turn(1, block - 2 * header - 14 - marker_bytes - gap);
    log.turn(2, 300);
    log.turn(3, 300);
    INFO("gap " << gap);
    const auto whole = scan_log(log.bytes, id);
    REQUIRE(whole.turns.size() == 3);
    REQUIRE(whole.sighted.size() == 3);
    auto damaged = log.bytes;
    damaged[4] = static_cast<char>(damaged[4] ^ 0x55); // The first record's length: no framing to go by in this block.
    const auto read = scan_log(damaged, id);
    CHECK(read.turns.empty());
    CHECK_FALSE(read.ends_clean);
    CHECK(read.sound_bytes == 0);
    REQUIRE(read.sighted.size() == 3);
    CHECK(read.sighted[1].marker.turn == 2);
    // Where it was found is where it stands: its first bytes are there.
    CHECK(damaged.compare(read.sighted[2].offset, marker_magic.size(), marker_magic) == 0);
  }
}

SCENARIO("any flipped bit ends what is relied on before it, and leaves the markers behind it", "[storage][log]") {
  log_builder log;
  for (std::uint64_t turn = 1; turn <= 4; ++turn) log.turn(turn, turn == 2 ? 33'000 : 60);
  for (std::size_t at = 0; at < log.ends[2]; at += at % 1'000 < 200 ? 1 : 97) {
    auto damaged = log.bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto read = scan_log(damaged, id);
    const auto hit =
      static_cast<std::size_t>(std::upper_bound(log.ends.begin(), log.ends.end(), at) - log.ends.begin());
    INFO("byte " << at);
    REQUIRE(read.turns.size() == hit);
    CHECK_FALSE(read.ends_clean);
    CHECK(read.sound_bytes == (hit == 0 ? 0 : log.ends[hit - 1]));
    CHECK(read.sighted.back().marker.turn == 4);
    CHECK(read.sighted.size() >= 3);
  }
}

SCENARIO("a log cut at any place keeps its whole turns", "[storage][log]") {
  log_builder log;
  for (std::uint64_t turn = 1; turn <= 3; ++turn) log.turn(turn, turn == 2 ? 70'000 : 60);
  for (std::size_t size = 0; size <= log.bytes.size(); size += size % 1'000 < 100 ? 1 : 61) {
    const auto read = scan_log(std::string_view(log.bytes).substr(0, size), id);
    const auto whole =
      static_cast<std::size_t>(std::upper_bound(log.ends.begin(), log.ends.end(), size) - log.ends.begin());
    INFO("size " << size);
    REQUIRE(read.turns.size() == whole);
    const auto sound = whole == 0 ? 0 : log.ends[whole - 1];
    CHECK(read.sound_bytes == sound);
    if (size == sound) CHECK(read.ends_clean);
    if (size > sound + 8) CHECK_FALSE(read.ends_clean);
  }
}

SCENARIO("a block of zeros in the middle is damage", "[storage][log]") {
  log_builder log;
  for (std::uint64_t turn = 1; turn <= 300; ++turn) log.turn(turn, 400);
  auto damaged = log.bytes;
  std::fill_n(damaged.begin() + block, block, '\0');
  const auto read = scan_log(damaged, id);
  CHECK_FALSE(read.ends_clean);
  CHECK(read.turns.size() < 100);
  CHECK(read.sighted.back().marker.turn == 300);
}
