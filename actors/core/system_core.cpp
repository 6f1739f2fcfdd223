#include "actors/core/system_core.hpp"

#include "actors/core/pool_records.hpp"

namespace penstock {

namespace {

constexpr partition_id system_partition = 0;
/// Held before those that have expired are let go.
constexpr std::size_t asked_max = 10'000;

} // namespace

void system_draft::apply(std::function<void(system_tables&)> change) {
  change(tables_);
  out_.effects.push_back(system_updated{std::move(change)});
}

void system_draft::erase(endpoint_id id) {
  out_.mutations.remove(family::state, keys::system_record(keys::state_kind::endpoint, id.raw));
  apply([id](system_tables& t) { t.erase(id); });
}

void system_draft::erase(trigger_id id) {
  out_.mutations.remove(family::state, keys::system_record(keys::state_kind::trigger, id.raw));
  apply([id](system_tables& t) { t.erase(id); });
}

void system_draft::erase(dependency_id id) {
  out_.mutations.remove(family::state, keys::system_record(keys::state_kind::dependency, id.raw));
  apply([id](system_tables& t) { t.erase(id); });
}

void system_draft::erase_calendar(workspace_id workspace, const std::string& name) {
  out_.mutations.remove(family::state, keys::named_record(keys::state_kind::calendar, workspace, name));
  apply([which = std::pair{workspace, name}](system_tables& t) { t.erase_calendar(which); });
}

void system_draft::erase_pool(workspace_id workspace, const std::string& name) {
  out_.mutations.remove(family::state, keys::named_record(keys::state_kind::pool, workspace, name));
  apply([which = std::pair{workspace, name}](system_tables& t) { t.erase_pool(which); });
}

void system_draft::tell_pool(const uuid& entity, const pool_name& pool, std::uint64_t number) {
  leave_change(0, entity, pool, number, out_);
}

result<std::optional<uuid>> system_draft::earlier(workspace_id workspace, const request_key& once) const {
  if (once.key.empty()) return std::optional<uuid>{};
  const auto it = asked_.find(request_key_of(around_.seals, system_partition, workspace, once.key));
  if (it == asked_.end()) return recall_request(around_.state, around_.seals, system_partition, workspace, once, now_);
  if (it->second.expires_at <= now_) return std::optional<uuid>{};
  if (it->second.request_hash != once.request_hash) return reused_key();
  return std::optional{it->second.made};
}

void system_draft::remember(workspace_id workspace, const request_key& once, const uuid& made) {
  if (once.key.empty()) return;
  asked_[request_key_of(around_.seals, system_partition, workspace, once.key)] = {made, once.request_hash,
                                                                                  now_ + request_kept};
  remember_request(around_.seals, system_partition, workspace, once, made, now_, out_);
}

std::unique_ptr<proposal> system_core::handle(entity_command command, timestamp now) {
  auto& change = std::get<system_change>(command);
  auto out = std::make_unique<proposal>();
  out->entity = system_entity;
  // Kept for good: what was decided and is not durable yet must be seen by the next decision.
  out->keep = true;
  result<void> decided;
  if (!tables_) {
    auto loaded = load_system_tables(around_.state);
    if (loaded) tables_ = std::move(*loaded);
    else decided = unexpected(std::move(loaded).error());
  }
  if (decided) {
    if (asked_.size() > asked_max) std::erase_if(asked_, [&](const auto& e) { return e.second.expires_at <= now; });
    system_draft draft{around_, *tables_, asked_, now, *out};
    decided = change.decide(draft, now);
  }
  out->answer(change.done, std::move(decided));
  return out;
}

} // namespace penstock
