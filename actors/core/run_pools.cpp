#include "actors/core/pool_records.hpp"
#include "actors/core/run_core.hpp"
#include "runtime/model/codec.hpp"

namespace penstock {

void run_core::ask_pool_of(const ask_lease& effect, proposal& out) const {
  const auto& header = state_->header;
  const auto& spec = state_->graph->task(effect.task);
  ask_pool ask;
  ask.pool = name_of(spec.pool);
  ask.who = {id_, effect.task, effect.item};
  ask.attempt = effect.attempt;
  ask.pipeline = header.pipeline;
  ask.priority = priority_of(header, spec);
  const auto pool = pool_entity(around_.seals, ask.pool);
  out.effects.push_back(tell_entity{pool, pool_command{std::move(ask)}});
}

void run_core::store_pool_change(const run_change& change, proposal& out) const {
  const auto entity = [&](const std::string& pool) { return pool_entity(around_.seals, name_of(pool)); };
  if (const auto* released = std::get_if<lease_released>(&change)) {
    const auto pool = entity(state_->graph->task(released->task).pool);
    leave_release(partition(), pool, {id_, released->task, released->item}, released->number, out);
  } else if (const auto* left = std::get_if<pool_left>(&change)) {
    const auto pool = entity(left->pool);
    // A run leaves a pool once; its number is that pool's among those it leaves.
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | pool.bytes[static_cast<std::size_t>(i)];
    leave_all(partition(), pool, id_, number, out);
  } else if (const auto* priority = std::get_if<priority_changed>(&change)) {
    store_priority(*priority, out);
  }
}

void run_core::store_priority(const priority_changed& change, proposal& out) const {
  const auto& header = state_->header;
  out.mutations.put(family::state, keys::run(id_), codec::encode(header));
  if (header.status != run_status::pending) return;
  out.mutations.remove(family::index, keys::queued_run(partition(), header.pipeline, change.before, id_));
  out.mutations.put(family::index, keys::queued_run(partition(), header.pipeline, header.priority, id_), {});
  out.effects.push_back(tell_pipeline{header.pipeline, queue_changed{id_, change.before, header.priority}});
}

} // namespace penstock
