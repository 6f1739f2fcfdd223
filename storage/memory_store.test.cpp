#include "storage/memory_store.hpp"

#include "storage/memory_disk.hpp"
#include "storage/test_support.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace penstock;
using namespace penstock::test;

namespace {

/// What the state must be after a number of turns; turns are made up as the seed says.
class model {
public:
  explicit model(random_source& random) : random_(&random) {}

  std::vector<turn_entry> next_turn() {
    std::vector<turn_entry> turn;
    auto indexes = indexes_;
    for (auto count = 1 + random_->next() % 4; count > 0; --count) {
      const auto partition = static_cast<std::uint16_t>(random_->next() % 3);
      turn_entry entry{.partition = partition, .index = ++indexes[partition], .clock_ms = 7, .mutations = {}};
      for (auto changes = 1 + random_->next() % 5; changes > 0; --changes) add_change(entry.mutations);
      turn.push_back(std::move(entry));
    }
    return turn;
  }

  void apply(const std::vector<turn_entry>& turn) {
    for (const auto& entry : turn) {
      indexes_[entry.partition] = entry.index;
      const auto decoded = for_each_mutation(entry.mutations.bytes(), [this](const mutation_view& m) {
        if (m.kind == mutation_kind::put) rows_[std::string(m.key)] = m.bytes;
        else if (m.kind == mutation_kind::remove) rows_.erase(std::string(m.key));
        else counters_[std::string(m.key)] += m.delta;
      });
      REQUIRE(decoded);
    }
  }

  [[nodiscard]] bool matches(const store& s) const {
    for (const auto& [key, v] : counters_)
      if (s.counter(family::counters, key) != v) return false;
    for (std::uint16_t p = 0; p < 3; ++p)
      if (const auto it = indexes_.find(p); s.position(p).index != (it == indexes_.end() ? 0 : it->second))
        return false;
    return all_rows(s, family::state) == rows_;
  }

private:
  void add_change(mutation_batch& batch) {
    const auto key = std::to_string(random_->next() % 20);
    switch (random_->next() % 4) {
      case 0: batch.remove(family::state, key); break;
      case 1: batch.add(family::counters, key, static_cast<std::int64_t>(random_->next() % 100) - 50); break;
      // Often no longer than a page, sometimes several; zeros, so that a page cut short may look like a whole one.
      default:
        batch.put(family::state, key, std::string(random_->next() % (random_->next() % 8 == 0 ? 3'000 : 100), '\0'));
        break;
    }
  }

  random_source* random_;
  rows rows_;
  std::map<std::string, std::int64_t> counters_;
  std::map<std::uint16_t, std::uint64_t> indexes_;
};

std::unique_ptr<store> opened(const std::shared_ptr<memory_disk>& disk) {
  auto s = open_memory_store(disk);
  if (!s) FAIL(s.error().message);
  return std::move(*s);
}

/// Turns with crashes between and within them.
void crash_again_and_again(std::uint64_t seed) {
  seeded_random random{seed};
  const auto disk = std::make_shared<memory_disk>();
  model acknowledged{random};
  for (int life = 0; life < 4; ++life) {
    auto s = opened(disk);
    REQUIRE(acknowledged.matches(*s));
    for (auto turns = random.next() % 12; turns > 0; --turns) {
      const auto turn = acknowledged.next_turn();
      REQUIRE(s->write_turn(turn));
      acknowledged.apply(turn);
      if (random.next() % 16 == 0) REQUIRE(s->checkpoint());
    }
    const auto last = acknowledged.next_turn();
    disk->fail_next_write_after(random.next() % 10);
    if (random.next() % 4 == 0) {
      // The failure hits a snapshot: then there is no turn whose end is open.
      REQUIRE_FALSE(s->checkpoint());
      REQUIRE_FALSE(s->write_turn(last));
      disk->crash(random);
      continue;
    }
    REQUIRE_FALSE(s->write_turn(last));
    REQUIRE_FALSE(s->write_turn(last));
    disk->crash(random);
    REQUIRE_FALSE(s->write_turn(last));
    s = opened(disk);
    auto with_last = acknowledged;
    with_last.apply(last);
    const bool whole = with_last.matches(*s);
    REQUIRE((whole || acknowledged.matches(*s)));
    if (whole) acknowledged = with_last;
  }
}

/// Seed and number of rounds, to repeat what failed or to search longer.
std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const auto* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

} // namespace

SCENARIO("each acknowledged turn survives any crash, and at most the last other one", "[storage][memory]") {
  const auto begin = setting("PENSTOCK_TEST_SEED", 1);
  for (auto seed = begin; seed < begin + setting("PENSTOCK_TEST_ROUNDS", 1'000); ++seed) {
    INFO("PENSTOCK_TEST_SEED=" << seed);
    crash_again_and_again(seed);
  }
}

SCENARIO("a flipped bit in what was on disk is refused", "[storage][memory]") {
  const auto begin = setting("PENSTOCK_TEST_SEED", 1);
  for (auto seed = begin; seed < begin + setting("PENSTOCK_TEST_ROUNDS", 500); ++seed) {
    INFO("PENSTOCK_TEST_SEED=" << seed);
    seeded_random random{seed};
    const auto disk = std::make_shared<memory_disk>();
    CHECK_FALSE(disk->flip_synced_bit(random));
    model m{random};
    {
      const auto s = opened(disk);
      for (auto turns = 1 + random.next() % 6; turns > 0; --turns) {
        const auto turn = m.next_turn();
        REQUIRE(s->write_turn(turn));
        m.apply(turn);
        if (random.next() % 4 == 0) REQUIRE(s->checkpoint());
      }
      if (random.next() % 2 == 0) {
        disk->fail_next_write_after(random.next() % 4);
        REQUIRE_FALSE(s->write_turn(m.next_turn()));
      }
    }
    disk->crash(random);
    REQUIRE(disk->flip_synced_bit(random));
    const auto refused = open_memory_store(disk);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::corrupt_record);
  }
}

SCENARIO("a synced turn that is gone as a whole is missed", "[storage][memory]") {
  const auto disk = std::make_shared<memory_disk>();
  {
    const auto s = opened(disk);
    for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE(s->write_turn({put_entry(1, i, "key", "value")}));
  }
  auto pages = disk->get().read(1);
  REQUIRE(pages.size() == 3);
  pages[1].fill('\0');
  const auto by = disk->get().open();
  REQUIRE(disk->get().truncate(by, 1, 0));
  REQUIRE(disk->get().append(by, 1, pages));
  const auto refused = open_memory_store(disk);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("turn 2 was on disk") != std::string::npos);
}

SCENARIO("the log in memory does not grow without bound", "[storage][memory]") {
  const auto disk = std::make_shared<memory_disk>();
  const auto s = opened(disk);
  const std::string bytes(4'000, 'x');
  for (std::uint64_t i = 1; i <= 2'000; ++i) REQUIRE(s->write_turn({put_entry(1, i, std::to_string(i % 7), bytes)}));
  CHECK(s->disk_bytes() < 2 << 20);
  CHECK(all_rows(*opened(disk), family::state).size() == 7);
}
