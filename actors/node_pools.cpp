#include "actors/core/pool_records.hpp"
#include "actors/core/system_core.hpp"
#include "actors/node_impl.hpp"
#include "storage/keys.hpp"

namespace penstock {

namespace {

/// The tables of the system partition are held in memory, and each of these is told at every start.
constexpr std::size_t pools_max = 1'000;

std::size_t pools_of(const system_tables& tables, workspace_id workspace) {
  std::size_t count = 0;
  for (auto at = tables.pools().lower_bound({workspace, {}});
       at != tables.pools().end() && at->first.first == workspace; ++at)
    ++count;
  return count;
}

} // namespace

pool_view node_impl::view_of(pool_record pool) const {
  pool_view out{std::move(pool), 0};
  const auto prefix = keys::pool_leases_prefix(pool_entity(seals_, {out.record.workspace, out.record.name}));
  state_->scan(family::state, prefix, keys::behind(prefix), [&](std::string_view, std::string_view) {
    ++out.held;
    return true;
  });
  return out;
}

void node_impl::put_pool(const caller& who, pool_record pool, reply<pool_view> done) {
  pool.workspace = who.workspace;
  pool.updated_at = clock_->now();
  const pool_name name{pool.workspace, pool.name};
  auto decide = [pool, name, entity = pool_entity(seals_, name), number = random_->next()](system_draft& draft,
                                                                                           timestamp) -> result<void> {
    const auto& known = draft.tables();
    if (!known.pools().contains({pool.workspace, pool.name}) && pools_of(known, pool.workspace) >= pools_max)
      return fail(errc::too_large, "a workspace has at most 1000 pools; delete one that is not needed");
    draft.put(pool);
    draft.tell_pool(entity, name, number);
    return {};
  };
  submit(system_entity,
         system_change{std::move(decide),
                       [this, pool, done = std::move(done)](result<void> stored) {
                         if (!stored) return done(unexpected(std::move(stored).error()));
                         // Counting reads the store: not a thing to do in an actor.
                         pool_->post([this, pool, done] { done(view_of(pool)); });
                       }},
         note_of(who, name.name));
}

void node_impl::delete_pool(const caller& who, std::string name, reply<void> done) {
  const pool_name pool{who.workspace, std::move(name)};
  auto decide = [pool, entity = pool_entity(seals_, pool), number = random_->next()](system_draft& draft,
                                                                                     timestamp) -> result<void> {
    if (!draft.tables().pools().contains({pool.workspace, pool.name}))
      return fail(errc::not_found, "there is no pool " + pool.name);
    draft.erase_pool(pool.workspace, pool.name);
    draft.tell_pool(entity, pool, number);
    return {};
  };
  submit(system_entity, system_change{std::move(decide), std::move(done)}, note_of(who, pool.name));
}

void node_impl::list_pools(const caller& who, reply<std::vector<pool_view>> done) {
  answer_from_pool<std::vector<pool_view>>(std::move(done), [this, workspace = who.workspace] {
    std::vector<pool_record> records;
    registry_.read([&](const system_tables& t) {
      for (auto at = t.pools().lower_bound({workspace, {}}); at != t.pools().end() && at->first.first == workspace;
           ++at)
        records.push_back(at->second);
    });
    std::vector<pool_view> out;
    for (auto& record : records) out.push_back(view_of(std::move(record)));
    return result<std::vector<pool_view>>{std::move(out)};
  });
}

void node_impl::add_waiting(node_figures& out) const {
  out.gauges["penstock_pool_leases"] = static_cast<double>(pool_figures_.held);
  out.gauges["penstock_pool_waiting"] = static_cast<double>(pool_figures_.waiting);
  if (!engines_) return;
  const auto waiting = engines_->waiting();
  const auto add = [&](const char* name, task_priority priority) {
    out.gauges[std::string{"penstock_attempts_waiting{priority=\""} + name + "\"}"] =
      static_cast<double>(waiting[place_of(priority)]);
  };
  add("high", task_priority::high);
  add("normal", task_priority::normal);
  add("low", task_priority::low);
}

} // namespace penstock
