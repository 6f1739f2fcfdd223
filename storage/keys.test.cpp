#include "storage/keys.hpp"

#include "runtime/seams.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace penstock;

namespace {

run_id some_run(std::uint64_t n, slot_number slot = 5) {
  return run_id{make_uuid7(from_ms(1'700'000'000'000), slot, n)};
}

} // namespace

SCENARIO("a timer's key reads back, and byte order is the order of time", "[keys]") {
  seeded_random random{11};
  for (int i = 0; i < 500; ++i) {
    const keys::timer a{
      3, from_ms(static_cast<std::int64_t>(random.next() >> 20)), 1, some_run(random.next()).raw, 1, 2, 3};
    const keys::timer b{
      3, from_ms(static_cast<std::int64_t>(random.next() >> 20)), 2, some_run(random.next()).raw, 9, 8, 7};
    REQUIRE(keys::timer::decode(a.encode()));
    CHECK(*keys::timer::decode(a.encode()) == a);
    CHECK((a.encode() < b.encode()) == (a.due < b.due));
    CHECK((a.encode() < keys::timers_until(3, b.due)) == (a.due <= b.due));
  }
  CHECK(keys::timer::decode("short").error().code == errc::corrupt_record);
}

SCENARIO("a timer's owner is what is stored with it, if it is an id", "[keys]") {
  keys::timer timer{3, from_ms(1'000), 6, some_run(1).raw, 0, 0, 0, some_run(2).raw};
  CHECK(*keys::timer::decode(timer.encode(), timer.owner.view()) == timer);
  timer.owner = {};
  CHECK(*keys::timer::decode(timer.encode()) == timer);
  CHECK(*keys::timer::decode(timer.encode(), "something else") == timer);
}

SCENARIO("a run's tasks and items lie together, in order, and read back", "[keys]") {
  const auto run = some_run(1);
  const std::vector<std::string> in_order{keys::task(run, 0),      keys::item(run, 0, 0), keys::item(run, 0, 255),
                                          keys::item(run, 0, 256), keys::task(run, 1),    keys::item(run, 1, 0)};
  for (std::size_t i = 0; i + 1 < in_order.size(); ++i) CHECK(in_order[i] < in_order[i + 1]);
  for (const auto& key : in_order) {
    CHECK(key >= keys::tasks_prefix(run));
    CHECK(key < keys::behind(keys::tasks_prefix(run)));
    CHECK(keys::decode_task(key));
  }
  CHECK(keys::decode_task(in_order[0])->item == UINT32_MAX);
  CHECK(keys::decode_task(in_order[3])->item == 256);
  CHECK_FALSE(keys::decode_task(keys::run(run)));
}

SCENARIO("a run's archived attempts lie together, by task, item and attempt, and read back", "[keys]") {
  const auto run = some_run(1);
  const auto key = [&](std::uint32_t task, std::uint32_t item, std::uint32_t attempt) {
    return keys::archived_attempt(run, task, item, attempt);
  };
  const std::vector<std::string> in_order{key(0, 0, 1),   key(0, 0, 256),        key(0, 255, 1),
                                          key(0, 256, 1), key(0, UINT32_MAX, 1), key(1, 0, 1)};
  for (std::size_t i = 0; i + 1 < in_order.size(); ++i) CHECK(in_order[i] < in_order[i + 1]);
  for (const auto& k : in_order) {
    CHECK(k.starts_with(keys::history_prefix(run)));
    const auto read = keys::decode_archived_attempt(k);
    REQUIRE(read);
    CHECK(key(read->task, read->item, read->attempt) == k);
  }
  CHECK_FALSE(keys::decode_archived_attempt(in_order[0] + "x"));
  CHECK_FALSE(keys::decode_archived_attempt(keys::history_prefix(run)));
}

SCENARIO("entries of a list come newest first and give back their ids", "[keys]") {
  const pipeline_id owner{make_uuid7(from_ms(5), 7, 1)};
  const auto older = run_id{make_uuid7(from_ms(1'000), 7, 1)};
  const auto newer = run_id{make_uuid7(from_ms(2'000), 7, 0)};
  const auto entry = [&](run_id id) {
    return keys::index_entry(2, keys::index_kind::runs_of_pipeline, owner.raw, id.raw);
  };
  CHECK(entry(newer) < entry(older));
  CHECK(keys::turned_id(entry(older)) == older.raw);
  CHECK(keys::turned_id(keys::ended_run(2, owner, run_status::failed, newer)) == newer.raw);
  CHECK(keys::plain_id(keys::pipeline_name(1, default_workspace, "a", owner)) == owner.raw);
}

SCENARIO("a name's entries do not mix with those of a longer name", "[keys]") {
  const pipeline_id id{make_uuid7(from_ms(5), 7, 1)};
  const auto prefix = keys::pipeline_name_prefix(1, default_workspace, "load");
  const auto other = keys::pipeline_name(1, default_workspace, "load2", id);
  CHECK((other < prefix || other >= keys::behind(prefix)));
}

SCENARIO("a pool's leases lie together and read back", "[keys]") {
  const auto pool = make_uuid7(from_ms(5), 7, 1);
  const auto other = make_uuid7(from_ms(5), 7, 2);
  const auto run = some_run(3, 900);
  const auto key = keys::pool_lease(pool, run, 4, UINT32_MAX);
  CHECK(key >= keys::pool_leases_prefix(pool));
  CHECK(key < keys::behind(keys::pool_leases_prefix(pool)));
  CHECK_FALSE(keys::pool_lease(other, run, 4, 1).starts_with(keys::pool_leases_prefix(pool)));
  const auto back = keys::decode_pool_lease(key);
  REQUIRE(back);
  CHECK(back->run == run);
  CHECK(back->task == 4);
  CHECK(back->item == UINT32_MAX);
  CHECK(keys::decode_pool_lease(key.substr(1)).error().code == errc::corrupt_record);
  CHECK(keys::decode_pool_lease(keys::run(run)).error().code == errc::corrupt_record);
}

SCENARIO("a backfill's open intervals lie in order and read back", "[keys]") {
  const backfill_id owner{make_uuid7(from_ms(5), 7, 1)};
  const auto prefix = keys::open_intervals_prefix(owner);
  CHECK(keys::open_interval(owner, 255) < keys::open_interval(owner, 256));
  for (const std::uint32_t number : {0u, 255u, 256u, 99'999u}) {
    const auto key = keys::open_interval(owner, number);
    CHECK(key.starts_with(prefix));
    CHECK(keys::interval_number(key) == number);
  }
  CHECK_FALSE(keys::open_interval(backfill_id{make_uuid7(from_ms(5), 7, 2)}, 0).starts_with(prefix));
}

SCENARIO("what belongs to a pipeline or a run lies together", "[keys]") {
  const pipeline_id owner{make_uuid7(from_ms(5), 7, 1)};
  const auto run = some_run(3, 900);
  CHECK(keys::heard_run(owner, run).starts_with(keys::heard_runs_prefix(owner)));
  CHECK(keys::plain_id(keys::heard_run(owner, run)) == run.raw);
  CHECK(keys::revision(owner, 1).starts_with(keys::revisions_prefix(owner)));
  CHECK(keys::revision(owner, 255) < keys::revision(owner, 256));
  CHECK(keys::message(2, 3, run, 7, 0).starts_with(keys::messages_of_run(2, 3, run)));
  CHECK_FALSE(keys::message(2, 4, run, 7, 0).starts_with(keys::messages_of_run(2, 3, run)));
}

SCENARIO("the end of a prefix lies behind all keys that begin with it", "[keys]") {
  CHECK(keys::behind("a") == "b");
  CHECK(keys::behind(std::string("a\xff", 2)) == "b");
}

SCENARIO("a pending delivery's key reads back, and byte order is the order of time for each endpoint", "[keys]") {
  seeded_random random{12};
  const auto endpoint = make_uuid7(from_ms(5), 0, 1);
  const auto next = [&] {
    return keys::pending_delivery{3, endpoint, from_ms(static_cast<std::int64_t>(random.next() >> 20)),
                                  delivery_id{make_uuid7(from_ms(7), 5, random.next())}};
  };
  for (int i = 0; i < 500; ++i) {
    const auto a = next();
    const auto b = next();
    REQUIRE(keys::pending_delivery::decode(a.encode()));
    CHECK(*keys::pending_delivery::decode(a.encode()) == a);
    CHECK((a.encode() < b.encode()) == (a.due < b.due));
    CHECK((a.encode() < keys::pending_from(3, endpoint, b.due)) == (a.due < b.due));
    CHECK(a.encode().starts_with(keys::pending_prefix(3, endpoint)));
  }
  CHECK(keys::pending_delivery::decode("short").error().code == errc::corrupt_record);
  CHECK_FALSE(keys::pending_delivery::decode(keys::delivery_of_endpoint(3, endpoint, next().id)));
}

SCENARIO("events lie oldest first, an endpoint's deliveries newest first, and both give back their ids", "[keys]") {
  seeded_random random{13};
  const auto made_at = [&](std::int64_t ms) { return make_uuid7(from_ms(ms), 5, random.next()); };
  for (int i = 0; i < 200; ++i) {
    const auto earlier = static_cast<std::int64_t>(random.next() >> 24);
    const auto later = earlier + 1 + static_cast<std::int64_t>(random.next() % 1'000);
    const auto older = made_at(earlier);
    const auto newer = made_at(later);
    CHECK(keys::event(2, event_id{older}) < keys::event(2, event_id{newer}));
    CHECK(keys::event(2, event_id{older}) < keys::events_before(2, from_ms(later)));
    CHECK(keys::event(2, event_id{newer}) >= keys::events_before(2, from_ms(later)));
    CHECK(keys::plain_id(keys::event(2, event_id{older})) == older);
    const auto entry = [&](const uuid& id) { return keys::delivery_of_endpoint(2, uuid{}, delivery_id{id}); };
    CHECK(entry(newer) < entry(older));
    CHECK(keys::turned_id(entry(older)) == older);
  }
  const auto id = made_at(9);
  CHECK(keys::event(2, event_id{id}) != keys::delivery(2, delivery_id{id}));
}

SCENARIO("an audit entry's key reads back, and byte order is newest first in each workspace", "[keys]") {
  seeded_random random{14};
  const auto next = [&] {
    return keys::audit_place{3, default_workspace, from_ms(static_cast<std::int64_t>(random.next() % 100)),
                             random.next() % 100};
  };
  for (int i = 0; i < 500; ++i) {
    const auto a = next();
    const auto b = next();
    REQUIRE(keys::audit_place::decode(a.encode()));
    CHECK(*keys::audit_place::decode(a.encode()) == a);
    CHECK((a.encode() < b.encode()) == (std::pair{a.at, a.number} > std::pair{b.at, b.number}));
    CHECK((a.encode() >= keys::audit_until(3, default_workspace, b.at)) == (a.at <= b.at));
    CHECK(a.encode().starts_with(keys::audit_prefix(3, default_workspace)));
  }
  CHECK(keys::audit_place::decode("short").error().code == errc::corrupt_record);
  CHECK_FALSE(keys::audit_place::decode(next().encode() + "x"));
}
