#include "storage/rocksdb_store.hpp"

#include "runtime/seams.hpp"
#include "storage/log_scan.hpp"
#include "storage/test_support.hpp"
#include "storage/watermark.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

using namespace penstock;
using namespace penstock::test;

namespace {

namespace fs = std::filesystem;
using files = std::map<std::string, std::string>;

std::string slurp(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void spill(const fs::path& path, const std::string& bytes) { std::ofstream{path, std::ios::binary} << bytes; }

/// What a power failure would leave of a data directory if everything written had reached the disk.
files image_of(const std::string& directory) {
  files image;
  for (const auto& entry : fs::recursive_directory_iterator{directory})
    if (entry.is_regular_file() && entry.path().filename() != "lock" && entry.path().filename() != "LOCK")
      image[fs::relative(entry.path(), directory).string()] = slurp(entry.path());
  return image;
}

void write_image(const std::string& directory, const files& image) {
  fs::remove_all(directory);
  fs::create_directories(directory + "/db");
  for (const auto& [name, bytes] : image) spill(directory + "/" + name, bytes);
}

std::string value_of(std::uint64_t index, std::size_t size) {
  std::string out = std::to_string(index) + " ";
  seeded_random random{index};
  while (out.size() < size) out += static_cast<char>(random.next());
  return out;
}

struct recipe {
  std::uint64_t turns = 20;
  std::size_t value_bytes = 900;
  std::size_t last_value_bytes = 30'000; ///< Of the last turn, so that it covers several pages.
  std::uint64_t flushed_after = 0;       ///< A checkpoint after that turn.
  bool clean = false;                    ///< Taken after a proper end, so the watermark names the last turn.
  rocksdb_settings settings{};
};

/// Keeps its watermark as it was at the start, as if everything happened within a second.
rocksdb_settings crash_settings() {
  rocksdb_settings settings;
  settings.watermark_interval = std::chrono::hours{1};
  return settings;
}

std::size_t size_of_value(const recipe& r, std::uint64_t index) {
  return index == r.turns ? r.last_value_bytes : r.value_bytes;
}

files make_image(const recipe& r) {
  const temporary_directory directory;
  auto settings = r.settings;
  settings.watermark_interval = std::chrono::hours{1};
  auto s = open_rocksdb_store(directory.path(), settings);
  REQUIRE(s);
  for (std::uint64_t i = 1; i <= r.turns; ++i) {
    REQUIRE((*s)->write_turn({put_entry(1, i, std::to_string(i), value_of(i, size_of_value(r, i)))}));
    if (i == r.flushed_after) REQUIRE((*s)->checkpoint());
  }
  const auto mark = slurp(directory.path() + "/watermark");
  // Files that are still being written or removed would make no picture of one moment, so it is taken after the end,
  // and what the end adds is undone.
  s->reset();
  auto image = image_of(directory.path());
  if (!r.clean) image["watermark"] = mark;
  return image;
}

/// Names of the image's files with an ending, e.g. ".log", in order.
std::vector<std::string> named(const files& image, std::string_view part) {
  std::vector<std::string> out;
  for (const auto& [name, bytes] : image)
    if (name.find(part) != std::string::npos && !bytes.empty()) out.push_back(name);
  return out;
}

log_contents scan(const files& image, const std::string& log) {
  const auto mark = decode_watermark(image.at("watermark"));
  REQUIRE(mark);
  return scan_log(image.at(log), mark->id);
}

/// How many turns a start finds, all of them right; or why it refuses.
struct outcome {
  std::uint64_t turns = 0;
  std::string refusal;
};

outcome start(const files& image, const recipe& r) {
  const temporary_directory directory;
  write_image(directory.path(), image);
  auto s = open_rocksdb_store(directory.path(), crash_settings());
  if (!s) {
    INFO(s.error().message);
    CHECK(s.error().code == errc::corrupt_record);
    CHECK(s.error().message.find(directory.path()) != std::string::npos);
    // Nothing was changed, so what was found can still be looked into, and the next start finds it again.
    CHECK(image_of(directory.path()) == image);
    return {0, s.error().message};
  }
  const auto turns = (*s)->position(1).index;
  rows expected;
  for (std::uint64_t i = 1; i <= turns; ++i) expected[std::to_string(i)] = value_of(i, size_of_value(r, i));
  CHECK(all_rows(**s, family::state) == expected);
  // It can go on, and the next start agrees.
  CHECK((*s)->write_turn({put_entry(1, turns + 1, "more", "more")}));
  s->reset();
  auto again = open_rocksdb_store(directory.path(), crash_settings());
  REQUIRE(again);
  CHECK((*again)->position(1).index == turns + 1);
  return {turns, {}};
}

bool names(const outcome& o, std::string_view part) { return o.refusal.find(part) != std::string::npos; }

std::uint64_t seed() {
  const auto* text = std::getenv("PENSTOCK_TEST_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 1;
}

} // namespace

SCENARIO("an unharmed image starts with all turns", "[storage][rocksdb][damage]") {
  for (const bool clean : {false, true})
    for (const std::uint64_t flushed : {0, 10, 20}) {
      const recipe r{.flushed_after = flushed, .clean = clean};
      CHECK(start(make_image(r), r).turns == r.turns);
    }
}

SCENARIO("a flipped bit in a synced turn of the log is refused with file and offset", "[storage][rocksdb][damage]") {
  const recipe r{.flushed_after = 5};
  const auto image = make_image(r);
  const auto log = named(image, ".log").back();
  const auto contents = scan(image, log);
  REQUIRE(contents.turns.size() == 15);
  const auto last_begins = contents.turns.back().begin;
  seeded_random random{seed()};
  INFO("PENSTOCK_TEST_SEED=" << seed());
  for (int i = 0; i < 40; ++i) {
    auto damaged = image;
    const auto bit = random.next() % (8 * last_begins);
    auto& byte = damaged[log][bit / 8];
    byte = static_cast<char>(byte ^ 1 << bit % 8);
    INFO("bit " << bit << " of " << log);
    CHECK(names(start(damaged, r), log + " at byte "));
  }
}

SCENARIO("whatever a power failure leaves of the last turn, the others are there", "[storage][rocksdb][damage]") {
  const recipe r{.last_value_bytes = 60'000, .flushed_after = 5};
  const auto image = make_image(r);
  const auto log = named(image, ".log").back();
  const auto last = scan(image, log).turns.back();
  REQUIRE(last.marker.turn == r.turns);
  seeded_random random{seed()};
  INFO("PENSTOCK_TEST_SEED=" << seed());
  for (int i = 0; i < 20; ++i) {
    auto torn = image;
    auto& bytes = torn[log];
    for (auto page = last.begin / 4'096 * 4'096; page < last.end; page += 4'096) {
      const auto begin = std::max<std::uint64_t>(page, last.begin);
      const auto end = std::min<std::uint64_t>(page + 4'096, last.end);
      // Gone, cut short, or there.
      const auto fate = random.next() % 3;
      const auto kept = fate == 0 ? begin : fate == 1 ? begin + random.next() % (end - begin) : end;
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kept), bytes.begin() + static_cast<std::ptrdiff_t>(end),
                '\0');
    }
    if (random.next() % 2 == 0) bytes.resize(last.begin + random.next() % (last.end - last.begin));
    const auto o = start(torn, r);
    CHECK(o.refusal.empty());
    CHECK(o.turns >= r.turns - 1);
  }
}

SCENARIO("with turns synced once a second, a power failure leaves whole turns from the first on",
         "[storage][rocksdb][damage]") {
  recipe r{.turns = 60, .value_bytes = 5'000, .flushed_after = 10};
  r.settings.sync = durability::interval;
  const auto image = make_image(r);
  const auto log = named(image, ".log").back();
  seeded_random random{seed()};
  INFO("PENSTOCK_TEST_SEED=" << seed());
  std::uint64_t lost = 0;
  for (int i = 0; i < 12; ++i) {
    auto torn = image;
    auto& bytes = torn[log];
    // Single pages, and the last time a whole block of the log, which RocksDB itself would skip without a word.
    const auto unit = i == 11 ? std::size_t{32'768} : std::size_t{4'096};
    for (std::size_t page = i == 11 ? 2 * unit : 0; page < bytes.size(); page += unit) {
      if (i != 11 && random.next() % 40 != 0) continue;
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(page), std::min(unit, bytes.size() - page), '\0');
      if (i == 11) break;
    }
    const auto o = start(torn, r);
    CHECK(o.refusal.empty());
    CHECK(o.turns >= r.flushed_after);
    CHECK(o.turns <= r.turns);
    lost += r.turns - o.turns;
  }
  CHECK(lost > 0);
}

SCENARIO("a log cut anywhere is refused once the watermark names its last turn", "[storage][rocksdb][damage]") {
  const recipe r{.clean = true};
  const auto image = make_image(r);
  const auto log = named(image, ".log").back();
  seeded_random random{seed()};
  for (int i = 0; i < 10; ++i) {
    auto cut = image;
    cut[log].resize(random.next() % scan(image, log).turns.back().end);
    CHECK(names(start(cut, r), "on disk"));
  }
}

SCENARIO("a deleted log file is missed, also within the first second", "[storage][rocksdb][damage]") {
  for (const bool clean : {false, true}) {
    const recipe r{.flushed_after = 10, .clean = clean};
    auto image = make_image(r);
    const auto log = named(image, ".log").back();
    image.erase(log);
    CHECK(names(start(image, r), "log file number"));
    image[log] = "";
    CHECK(names(start(image, r), clean ? "turns 11 to 20 were on disk" : "turn 11 was on disk"));
  }
}

SCENARIO("a deleted or damaged log file among several is missed", "[storage][rocksdb][damage]") {
  // Turns of 40 KB with little memory: a new file every few turns, the older ones still needed or already not.
  recipe r{.turns = 40, .value_bytes = 40'000, .last_value_bytes = 40'000};
  r.settings.write_buffers_bytes = std::size_t{16} << 20;
  r.settings.logs_bytes_max = std::size_t{256} << 10;
  const auto image = make_image(r);
  CHECK(start(image, r).turns == r.turns);
  const auto newest = named(image, ".log").back();
  for (const auto& log : named(image, ".log")) {
    auto without = image;
    without.erase(log);
    const auto o = start(without, r);
    // A file that is no longer needed may go.
    INFO(log);
    CHECK((o.turns == r.turns || !o.refusal.empty()));
    if (log == newest) CHECK_FALSE(o.refusal.empty());
  }
}

SCENARIO("a missing or damaged table is refused by name", "[storage][rocksdb][damage]") {
  const recipe r{.flushed_after = 15, .clean = true};
  const auto image = make_image(r);
  const auto tables = named(image, ".sst");
  REQUIRE(tables.size() >= 2);
  seeded_random random{seed()};
  for (const auto& table : tables) {
    const auto name = fs::path(table).filename().string();
    auto without = image;
    without.erase(table);
    CHECK(names(start(without, r), name));
    auto cut = image;
    cut[table].resize(cut[table].size() - 1);
    CHECK(names(start(cut, r), name));
    for (int i = 0; i < 10; ++i) {
      auto damaged = image;
      const auto bit = random.next() % (8 * image.at(table).size());
      auto& byte = damaged[table][bit / 8];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      INFO("bit " << bit << " of " << table);
      CHECK(names(start(damaged, r), name));
    }
  }
}

SCENARIO("missing small files of the database are refused, and no new database is made", "[storage][rocksdb][damage]") {
  for (const std::uint64_t flushed : {0, 15}) {
    const recipe r{.flushed_after = flushed, .clean = true};
    const auto image = make_image(r);
    for (const std::string part : {"CURRENT", "MANIFEST", "watermark"}) {
      auto without = image;
      for (const auto& name : named(image, part)) without.erase(name);
      CHECK(names(start(without, r), part));
    }
    auto nothing = image;
    for (const auto& [name, bytes] : image)
      if (name.starts_with("db/")) nothing.erase(name);
    CHECK(names(start(nothing, r), "CURRENT"));
  }
}

SCENARIO("a flipped bit in the list of files is refused, or harmless", "[storage][rocksdb][damage]") {
  const recipe r{.flushed_after = 15, .clean = true};
  const auto image = make_image(r);
  seeded_random random{seed()};
  int refused = 0;
  for (const std::string part : {"CURRENT", "MANIFEST", "watermark"}) {
    const auto name = named(image, part).back();
    for (int i = 0; i < 25; ++i) {
      auto damaged = image;
      const auto bit = random.next() % (8 * image.at(name).size());
      auto& byte = damaged[name][bit / 8];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      INFO("bit " << bit << " of " << name);
      const auto o = start(damaged, r);
      CHECK((o.turns == r.turns || names(o, part)));
      refused += o.refusal.empty() ? 0 : 1;
    }
  }
  CHECK(refused > 50);
}

SCENARIO("files of an older backup mixed in are refused", "[storage][rocksdb][damage]") {
  const recipe r{.clean = true};
  auto image = make_image(r);
  const auto other = make_image(r);
  auto foreign_mark = image;
  foreign_mark["watermark"] = other.at("watermark");
  CHECK_FALSE(start(foreign_mark, r).refusal.empty());
  auto foreign_log = image;
  foreign_log[named(image, ".log").back()] = other.at(named(other, ".log").back());
  CHECK_FALSE(start(foreign_log, r).refusal.empty());
  const auto earlier = make_image({.turns = 5, .last_value_bytes = 900, .clean = true});
  auto old_database = earlier;
  old_database["watermark"] = image.at("watermark");
  CHECK_FALSE(start(old_database, r).refusal.empty());
}
