#pragma once

#include "runtime/lifecycle/run.hpp"
#include "runtime/seams.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

// What this folder's tests share.

namespace penstock {

inline const timestamp start = from_ms(1'790'000'000'000);

inline task_spec task(std::string id, std::vector<task_index> needs = {}, task_type type = task_type::noop) {
  task_spec t;
  t.id = std::move(id);
  t.needs = std::move(needs);
  t.type = type;
  return t;
}

/// A run in memory with the store and the outside played by hand.
struct run_bench {
  explicit run_bench(std::vector<task_spec> tasks, value parameters = value::object{}) {
    plan p;
    p.tasks = std::move(tasks);
    graph = bind_plan(std::move(p));
    header.id = run_id{make_uuid7(start, 9, 1)};
    header.status = run_status::running;
    header.created_at = header.started_at.emplace(start);
    header.tasks_total = graph->size();
    given = std::make_shared<const value>(std::move(parameters));
    run = load_run(header, graph, given, {});
  }

  /// Decides, applies, keeps what would be stored, and answers the effects.
  std::vector<run_effect> tell(const run_command& command) {
    run_context context{now, random.next(), [this](const std::string&) { return result<pipeline_id>{child_pipeline}; },
                        [this](const std::string& pool) { return limited.contains(pool); }};
    auto decision = decide(run, command, context);
    REQUIRE(decision);
    for (const auto& c : decision->changes) {
      apply(run, c);
      keep(c);
    }
    return decision->effects;
  }

  void keep(const run_change& c) {
    if (const auto* r = std::get_if<task_recorded>(&c))
      stored[{r->task, r->item}] = {r->task, r->item, r->record, r->error_text, r->items};
    if (const auto* t = std::get_if<timer_set>(&c)) timers.push_back(t->what);
    if (const auto* t = std::get_if<timer_cleared>(&c))
      std::erase_if(timers, [&](const auto& x) {
        return x.kind == t->what.kind && x.task == t->what.task && x.item == t->what.item && x.due == t->what.due;
      });
    if (const auto* m = std::get_if<message_left>(&c)) messages.push_back(*m);
    if (const auto* l = std::get_if<lease_released>(&c)) released.push_back(*l);
    if (const auto* p = std::get_if<pool_left>(&c)) pools_left.push_back(p->pool);
    if (const auto* p = std::get_if<priority_changed>(&c)) header.priority = static_cast<std::uint8_t>(p->priority);
    if (const auto* f = std::get_if<callees_found>(&c))
      header.callees.insert(header.callees.end(), f->callees.begin(), f->callees.end());
    if (const auto* e = std::get_if<run_ended>(&c)) ++ends, header.status = e->status;
  }

  std::vector<std::string> started(const std::vector<run_effect>& effects) const {
    std::vector<std::string> out;
    for (const auto& e : effects)
      if (const auto* s = std::get_if<start_attempt>(&e))
        out.push_back(graph->task(s->ref.task).id +
                      (s->ref.item < expand_item ? ":" + std::to_string(s->ref.item) : ""));
    return out;
  }

  std::vector<std::string> asked(const std::vector<run_effect>& effects) const {
    std::vector<std::string> out;
    for (const auto& e : effects)
      if (const auto* a = std::get_if<ask_lease>(&e))
        out.push_back(graph->task(a->task).id + (a->item < expand_item ? ":" + std::to_string(a->item) : "") + "/" +
                      std::to_string(a->attempt));
    return out;
  }

  static attempt_ended ended(task_index t, std::uint32_t item = no_item,
                             attempt_outcome outcome = attempt_outcome::succeeded, std::uint32_t attempt = 1) {
    attempt_ended e;
    e.result.ref = {{}, t, item, attempt};
    e.result.outcome = outcome;
    e.result.why = {errc::task_failed, "broke", {}};
    return e;
  }

  /// As after a crash: nothing is known but what was stored.
  void crash() {
    std::vector<stored_task> all;
    for (const auto& [key, s] : stored) all.push_back(s);
    run = load_run(header, graph, given, all);
  }

  timestamp now = start;
  seeded_random random{3};
  run_record header;
  std::shared_ptr<const bound_plan> graph;
  std::shared_ptr<const value> given;
  run_state run;
  std::map<std::pair<task_index, std::uint32_t>, stored_task> stored;
  std::vector<timer_fired> timers;
  std::vector<message_left> messages;
  std::set<std::string> limited; ///< Pools with a limit.
  std::vector<lease_released> released;
  std::vector<std::string> pools_left;
  pipeline_id child_pipeline{make_uuid7(start, 77, 5)};
  int ends = 0;
};

using names = std::vector<std::string>;

} // namespace penstock
