#include "storage/turn_ledger.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

turn_entry entry(std::uint16_t partition, std::uint64_t index, std::int64_t clock_ms = 5) {
  return {.partition = partition, .index = index, .clock_ms = clock_ms, .mutations = {}};
}

} // namespace

SCENARIO("a ledger counts turns and positions once they are committed", "[storage][turn]") {
  turn_ledger ledger;
  const auto planned = ledger.plan({entry(1, 1), entry(2, 1), entry(1, 2, 6)});
  REQUIRE(planned);
  CHECK(planned->turn == 1);
  CHECK(ledger.turn() == 0);
  CHECK(ledger.position(1).index == 0);
  ledger.commit(*planned);
  CHECK(ledger.turn() == 1);
  CHECK(ledger.chain() == planned->after);
  CHECK(ledger.position(1).index == 2);
  CHECK(ledger.position(1).clock_ms == 6);
  CHECK(ledger.position(2).index == 1);
  CHECK(ledger.position(3).index == 0);
}

SCENARIO("a ledger refuses gaps, repeats and clocks that run backwards", "[storage][turn]") {
  turn_ledger ledger;
  ledger.restore(1, partition_progress{.index = 4, .clock_ms = 100, .chain = {}});
  CHECK(ledger.plan({entry(1, 5, 100)}));
  for (const auto& wrong : {entry(1, 6, 100), entry(1, 4, 100), entry(1, 5, 99), entry(2, 2, 0)}) {
    const auto planned = ledger.plan({wrong});
    REQUIRE_FALSE(planned);
    CHECK(planned.error().code == errc::internal);
  }
  CHECK_FALSE(ledger.plan({entry(1, 5, 100), entry(1, 7, 100)}));
}
