#pragma once

#include "actors/core/delivery_core.hpp"
#include "actors/core/delivery_ledger.hpp"
#include "actors/core/events.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/event_renderer.hpp"
#include "storage/memory_store.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace penstock::test {

/// Webhooks of one partition over a store in memory, without actors: the receivers are played by the test.
struct webhook_bench final : delivery_ports {
  struct sent {
    delivery_id id;
    outbound_request request;
  };

  webhook_bench() {
    render.job = [](const run_view& run) { return R"({"id":")" + to_text(run.record.id) + R"("})"; };
    render.etl_run = [](const run_view& run) { return R"({"run_id":")" + to_text(run.record.id) + R"("})"; };
    render.pipeline = [](const pipeline_view& p) { return R"({"id":")" + to_text(p.record.id) + R"("})"; };
    render.callback = [](const run_view& run) { return R"({"runId":")" + to_text(run.record.id) + R"("})"; };
    around.render = &render;
  }

  /// What a decision wrote, on the disk; then its effects and replies.
  void apply(proposal& p) {
    if (!p.mutations.empty()) {
      std::vector<turn_entry> turn(1);
      turn[0].partition = 1;
      turn[0].index = ++index;
      turn[0].mutations = std::move(p.mutations);
      if (!state->write_turn(turn)) throw std::runtime_error{"the store in memory does not write"};
    }
    for (auto& reply : p.replies) reply(nullptr);
    for (auto& effect : p.effects)
      if (const auto* d = std::get_if<deliver>(&effect)) core.noticed(d->what, clock);
  }

  template <class Command>
  void tell_ledger(Command command) {
    const auto decided = ledger.handle(delivery_command{std::move(command)}, clock);
    apply(*decided);
  }

  // What the core asks for.
  void post(delivery_id id, outbound_request request) override { posted.push_back({id, std::move(request)}); }
  void settle(partition_id p, std::vector<delivery_outcome> ended) override {
    if (hold_settling) return;
    todo.push_back([this, p, ended = std::move(ended)] {
      if (settle_fails) return core.settled(p, fail(errc::unavailable, "no"), clock);
      tell_ledger(settle_deliveries{ended, [this, p](const result<void>& r) { core.settled(p, r, clock); }});
    });
  }
  void drop(partition_id p, const uuid& endpoint) override {
    todo.push_back([this, p, endpoint] {
      tell_ledger(
        drop_deliveries{endpoint, [this, p, endpoint](const result<bool>& r) { core.dropped(p, endpoint, r, clock); }});
    });
  }
  void disable(endpoint_id id, const std::string& because) override {
    todo.push_back([this, id, because] {
      registry.update([&](system_tables& t) {
        auto record = t.endpoints().at(id);
        record.enabled = false;
        record.disabled_because = because;
        t.put(record);
      });
      core.registry_changed(clock);
      core.disabled(id, clock);
    });
  }

  /// Does what is asked for until nothing is.
  void work() {
    while (!todo.empty()) {
      auto all = std::exchange(todo, {});
      for (auto& one : all) one();
    }
  }
  void pass(milliseconds time) {
    const auto end = clock + time;
    for (auto next = core.next_wake(); next && *next <= end; next = core.next_wake()) {
      clock = std::max(clock, *next);
      core.wake(clock);
      work();
    }
    clock = end;
  }

  endpoint_id add_endpoint(std::string url = "https://receiver.test/hook",
                           std::vector<event_type> events = {event_type::job_completed, event_type::job_failed}) {
    endpoint_record r;
    r.id = endpoint_id{make_uuid7(clock, 0, random.next())};
    r.workspace = default_workspace;
    r.url = std::move(url);
    r.events = std::move(events);
    r.sealed_secret = seals.seal(place_of(r), "the secret");
    change(r);
    return r.id;
  }
  void change(const endpoint_record& r) {
    registry.update([&](system_tables& t) { t.put(r); });
  }
  endpoint_record endpoint(endpoint_id id) {
    return registry.read([&](const system_tables& t) { return t.endpoints().at(id); });
  }

  /// A run that ends; its events and deliveries are durable then.
  run_id end_run(run_status status = run_status::succeeded) {
    run_view run;
    run.record.id = run_id{make_uuid7(clock, 5, random.next())};
    run.record.workspace = default_workspace;
    run.record.status = status;
    run.record.ended_at = clock;
    run.record.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    proposal out;
    raise_run_events(
      around, run.record, [&] { return run; }, out);
    apply(out);
    return run.record.id;
  }

  void answer(const sent& s, int status, outbound_headers headers = {}) {
    outbound_response response;
    response.status = status;
    response.headers = std::move(headers);
    response.latency = milliseconds{7};
    core.answered(s.id, response, clock);
    work();
  }
  void answer(const sent& s, errc code) {
    core.answered(s.id, fail(code, "it went wrong"), clock);
    work();
  }
  std::vector<sent> take() { return std::exchange(posted, {}); }

  delivery_record delivery(delivery_id id) {
    std::string bytes;
    if (!state->get(family::events, keys::delivery(1, id), bytes)) throw std::runtime_error{"no such delivery"};
    return *codec::decode<delivery_record>(bytes);
  }
  std::size_t count(const std::string& prefix) {
    std::size_t n = 0;
    state->scan(family::events, prefix, keys::behind(prefix), [&](std::string_view, std::string_view) {
      ++n;
      return true;
    });
    return n;
  }
  std::size_t pending() { return count(keys::pending_prefix(1)); }
  std::int64_t pending_counter() {
    return state->counter(family::counters, keys::counter_of(1, keys::counter_kind::pending_deliveries, {}));
  }

  timestamp clock = from_ms(1'790'000'000'000);
  seeded_random random{3};
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  sealer seals{secret_key{}};
  plan_cache plans;
  engine_settings engines;
  system_registry registry;
  event_renderer render;
  entity_surroundings around{*state, seals, plans, random, engines, 1, &registry};
  delivery_ledger ledger{around, ledger_of(1, 1)};
  delivery_core core{around, *this};
  std::uint64_t index = 0;
  std::vector<sent> posted;
  std::vector<std::function<void()>> todo;
  bool settle_fails = false;
  bool hold_settling = false;
};

} // namespace penstock::test
