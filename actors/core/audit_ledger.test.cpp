#include "actors/core/audit_ledger.hpp"

#include "actors/core/audit_bench.hpp"

using namespace penstock;

namespace {

struct bench : audit_bench {
  explicit bench(partition_id partition)
      : p(partition), ledger(std::make_unique<audit_ledger>(around, audit_ledger_of(partition, 3))) {}

  /// Clears to the end. @returns in how many steps.
  int clear(timestamp before) {
    std::string from;
    int steps = 0;
    do {
      auto decided =
        ledger->handle(audit_command{clear_audit{before, from, [&](result<std::string> next) { from = *next; }}}, {});
      write(p, std::move(decided->mutations));
      for (const auto& reply : decided->replies) reply(nullptr);
      ++steps;
    } while (!from.empty());
    return steps;
  }

  partition_id p;
  sealer seals{secret_key{}};
  plan_cache plans;
  seeded_random random{1};
  engine_settings engines;
  system_registry registry;
  entity_surroundings around{*state, seals, plans, random, engines, 3, &registry};
  std::unique_ptr<audit_ledger> ledger;
};

workspace_id workspace(std::uint64_t n) { return workspace_id{make_uuid7(from_ms(7), 3, n)}; }

} // namespace

SCENARIO("each partition's ledger lies in it, and apart from its other entities", "[audit]") {
  for (partition_id p = 1; p <= 3; ++p) CHECK(partition_of(slot_of(audit_ledger_of(p, 3)), 3) == p);
  CHECK(is_system_entity(audit_ledger_of(0, 3)));
  CHECK(audit_ledger_of(0, 3) != system_entity);
  CHECK_FALSE(audit_ledger_of(0, 3).is_nil());
}

SCENARIO("entries older than a time are cleared, of every workspace, and no other", "[audit]") {
  for (const partition_id p : {0, 2}) {
    bench b{p};
    for (std::uint64_t w = 0; w < 250; ++w)
      for (std::int64_t t = 1; t <= 4; ++t) b.put({p, workspace(w), from_ms(t * 100), 1});
    b.put({static_cast<partition_id>(p + 1), workspace(1), from_ms(1), 1});
    CHECK(b.clear(from_ms(300)) > 2);
    CHECK(b.count(keys::audit_prefix(p)) == 500);
    CHECK(b.count(keys::audit_prefix(p, workspace(3))) == 2);
    CHECK(b.count(keys::audit_prefix(static_cast<partition_id>(p + 1))) == 1);
    CHECK(b.clear(from_ms(301)) > 2);
    CHECK(b.count(keys::audit_prefix(p)) == 250);
  }
}

SCENARIO("a step of clearing is bounded, and goes on in the middle of a workspace", "[audit]") {
  bench b{1};
  mutation_batch mutations;
  for (std::uint64_t i = 0; i < 3'500; ++i)
    mutations.put(family::audit,
                  keys::audit_place{1, default_workspace, from_ms(static_cast<std::int64_t>(i)), i}.encode(), "x");
  b.write(1, std::move(mutations));
  CHECK(b.clear(from_ms(3'000)) == 3);
  CHECK(b.count(keys::audit_prefix(1)) == 500);
}

SCENARIO("clearing does not look at what stays", "[audit]") {
  struct counting final : state_reader {
    explicit counting(const state_reader& i) : inner(i) {}
    bool get(family f, std::string_view key, std::string& bytes) const override { return inner.get(f, key, bytes); }
    std::int64_t counter(family f, std::string_view key) const override { return inner.counter(f, key); }
    void scan(family f, std::string_view begin, std::string_view end,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
      inner.scan(f, begin, end, [&](std::string_view key, std::string_view bytes) {
        ++visited;
        return visit(key, bytes);
      });
    }
    const state_reader& inner;
    mutable std::size_t visited = 0;
  };
  bench b{1};
  mutation_batch mutations;
  for (std::uint64_t i = 0; i < 5'000; ++i)
    mutations.put(family::audit,
                  keys::audit_place{1, default_workspace, from_ms(static_cast<std::int64_t>(i)), i}.encode(), "x");
  b.write(1, std::move(mutations));
  const counting reader{*b.state};
  const entity_surroundings around{reader, b.seals, b.plans, b.random, b.engines, 3, &b.registry};
  audit_ledger ledger{around, audit_ledger_of(1, 3)};
  std::string next = "?";
  auto decided =
    ledger.handle(audit_command{clear_audit{from_ms(10), {}, [&](result<std::string> r) { next = *r; }}}, {});
  for (const auto& reply : decided->replies) reply(nullptr);
  CHECK(next.empty());
  CHECK(reader.visited < 20);
}

SCENARIO("refusals go to the log as they were", "[audit]") {
  bench b{1};
  audit_record what;
  what.result = "forbidden";
  const auto decided = b.ledger->handle(audit_command{keep_refusals{{{workspace(1), from_ms(5), what}}}}, {});
  REQUIRE(decided->audited.size() == 1);
  CHECK(decided->audited[0].at == from_ms(5));
  CHECK(decided->audited[0].what.result == "forbidden");
}
