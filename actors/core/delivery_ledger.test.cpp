#include "actors/core/delivery_ledger.hpp"
#include "actors/core/webhook_bench.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using penstock::test::webhook_bench;

SCENARIO("a delivery is made pending again by hand, with the same bytes and attempts counted anew", "[webhook]") {
  webhook_bench b;
  auto record = b.endpoint(b.add_endpoint());
  record.retries_max = 1;
  b.change(record);
  b.end_run();
  const auto first = b.take();
  b.answer(first.at(0), 404);
  b.pass(milliseconds{2'000});
  b.answer(b.take().at(0), 404);
  REQUIRE(b.delivery(first[0].id).status == delivery_status::failed);

  std::optional<result<delivery_record>> answer;
  const auto ask = [&](delivery_id id, workspace_id workspace) {
    b.tell_ledger(redeliver{workspace, id, [&](auto r) { answer = std::move(r); }});
    return *answer;
  };
  const auto made = ask(first[0].id, default_workspace);
  REQUIRE(made);
  CHECK(made->status == delivery_status::pending);
  CHECK(made->attempts.size() == 2);
  const auto again = b.take();
  REQUIRE(again.size() == 1);
  CHECK(again[0].request.body == first[0].request.body);
  b.answer(again[0], 404);
  CHECK(b.delivery(first[0].id).status == delivery_status::pending);
  b.pass(milliseconds{2'000});
  b.answer(b.take().at(0), 200);
  CHECK(b.delivery(first[0].id).status == delivery_status::delivered);
  CHECK(b.delivery(first[0].id).attempts.size() == 4);
  CHECK(b.pending_counter() == 0);

  CHECK(ask(delivery_id{make_uuid7(b.clock, 5, 1)}, default_workspace).error().code == errc::not_found);
  const workspace_id other{*parse_uuid("9c1f0e2a-1111-7222-8333-444455556666")};
  CHECK(ask(first[0].id, other).error().code == errc::not_found);
  record.enabled = false;
  b.change(record);
  CHECK(ask(first[0].id, default_workspace).error().code == errc::invalid_transition);
}

SCENARIO("a delivery that waits for its next attempt is made due now", "[webhook]") {
  webhook_bench b;
  b.add_endpoint();
  b.end_run();
  const auto first = b.take();
  b.answer(first.at(0), 500);
  CHECK(b.posted.empty());
  b.tell_ledger(redeliver{default_workspace, first[0].id, [](auto) {}});
  CHECK(b.pending() == 1);
  CHECK(b.pending_counter() == 1);
  REQUIRE(b.posted.size() == 1);
  b.answer(b.take()[0], 200);
  CHECK(b.pending() == 0);
  CHECK(b.pending_counter() == 0);
  b.pass(milliseconds{10'000});
  CHECK(b.posted.empty());
}

SCENARIO("of very many attempts the newest are kept", "[webhook]") {
  webhook_bench b;
  auto record = b.endpoint(b.add_endpoint());
  record.retries_max = 40;
  record.retry_delay_ms = 1;
  b.change(record);
  b.end_run();
  const auto id = b.posted.at(0).id;
  for (int i = 0; i < 35; ++i) {
    b.answer(b.take().at(0), 500 + i);
    b.pass(std::chrono::hours{2});
  }
  const auto kept = b.delivery(id);
  CHECK(kept.attempts.size() == 30);
  CHECK(kept.attempts.back().response_status == 534);
  CHECK(kept.tries == 35);
}

SCENARIO("old events go with their deliveries in bounded steps, but not while one is pending", "[webhook]") {
  webhook_bench b;
  const auto endpoint = b.add_endpoint();
  for (int i = 0; i < 450; ++i) b.end_run();
  while (b.pending() > 0)
    for (const auto& s : b.take()) b.answer(s, 200);
  auto second = b.endpoint(b.add_endpoint());
  b.end_run();
  const auto open = b.take();
  REQUIRE(open.size() == 2);
  b.answer(open[0], 200);
  b.clock += std::chrono::hours{1};
  const auto newest = b.end_run();
  (void)newest;
  b.answer(b.take().at(0), 200);

  int steps = 0;
  std::string from;
  do {
    b.tell_ledger(clear_events{b.clock - milliseconds{1}, from, [&](const result<std::string>& r) { from = *r; }});
    ++steps;
  } while (!from.empty());
  CHECK(steps == 3);
  CHECK(b.count(keys::events_prefix(1)) == 2);
  const auto count = [&](endpoint_id id) {
    return b.state->counter(family::counters, keys::counter_of(1, keys::counter_kind::deliveries_of_endpoint, id.raw));
  };
  CHECK(count(endpoint) == 2);
  CHECK(b.count(keys::deliveries_of_endpoint(1, endpoint.raw)) == 2);
  CHECK(count(second.id) == 2);
}

SCENARIO("the ledger of each partition lies in that partition", "[webhook]") {
  for (const partition_id count : {1, 3, 8, 1024})
    for (partition_id p = 1; p <= count; ++p) CHECK(partition_of(slot_of(ledger_of(p, count)), count) == p);
}
