#include "actors/core/job_claim_core.hpp"
#include "actors/core/webhook_bench.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using penstock::test::webhook_bench;

namespace {

struct claims {
  webhook_bench b;
  trigger_id sender{make_uuid7(b.clock, 0, 77)};
  std::string key = job_key(b.seals, sender, "job 1");
  std::optional<job_claim_core> core{std::in_place, b.around, job_entity(key)};
  std::uint64_t made = 0;

  /// Decides, and makes it durable or not.
  run_id ask(bool durable = true) {
    const job_claim wanted{run_id{make_uuid7(b.clock, 5, ++made)}, pipeline_id{make_uuid7(b.clock, 5, 1'000 + made)}};
    std::optional<result<job_claim>> got;
    const auto p = core->handle(claim_command{claim_job{key, wanted, [&](auto r) { got = std::move(r); }}}, b.clock);
    if (durable) b.apply(*p);
    else p->replies.front()(nullptr);
    return (*got)->run;
  }
  void release(run_id run) {
    const auto p = core->handle(claim_command{release_job{key, run, {}}}, b.clock);
    b.apply(*p);
  }
  void forget() { core.emplace(b.around, job_entity(key)); }
};

} // namespace

SCENARIO("the first who asks has the job, also before it is durable and after a crash", "[webhook]") {
  claims c;
  const auto first = c.ask();
  CHECK(c.ask() == first);
  c.forget();
  CHECK(c.ask() == first);

  claims never;
  const auto lost = never.ask(false);
  CHECK(never.ask(false) == lost);
  never.forget();
  CHECK(never.ask() != lost);
}

SCENARIO("a claim is released for its own run alone", "[webhook]") {
  claims c;
  const auto first = c.ask();
  c.release(run_id{make_uuid7(c.b.clock, 5, 99)});
  CHECK(c.ask() == first);
  c.release(first);
  const auto second = c.ask();
  CHECK(second != first);
  c.forget();
  CHECK(c.ask() == second);
}

SCENARIO("jobs of other names and other senders are others", "[webhook]") {
  const sealer seals{secret_key{}};
  const trigger_id one{make_uuid7(from_ms(1), 0, 1)};
  const trigger_id two{make_uuid7(from_ms(1), 0, 2)};
  CHECK(job_key(seals, one, "a") != job_key(seals, one, "b"));
  CHECK(job_key(seals, one, "a") != job_key(seals, two, "a"));
  CHECK(job_key(seals, one, "a") == job_key(seals, one, "a"));
}
