#include "actors/core/audit_ledger.hpp"

#include <algorithm>
#include <optional>

namespace penstock {

namespace {

constexpr std::size_t entries_cleared_at_once = 1'000;
constexpr std::size_t workspaces_looked_at_at_once = 100;
/// Ends with another byte than the ids of the system partition's other entities.
constexpr uuid system_audit_ledger{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
/// Apart from the entity that keeps the partition's deliveries, which has the first id of the slot.
constexpr std::uint64_t second_of_slot = 1;

/// The workspace that has the first entry at `from` or behind it.
std::optional<workspace_id> next_workspace(const state_reader& state, partition_id p, const std::string& from) {
  std::optional<workspace_id> out;
  state.scan(family::audit, from, keys::behind(keys::audit_prefix(p)), [&](std::string_view key, std::string_view) {
    if (const auto place = keys::audit_place::decode(key)) out = place->workspace;
    return false;
  });
  return out;
}

} // namespace

uuid audit_ledger_of(partition_id p, partition_id partition_count) noexcept {
  if (p == 0) return system_audit_ledger;
  slot_number slot = 0;
  while (partition_of(slot, partition_count) != p) ++slot;
  return make_uuid7(timestamp{}, slot, second_of_slot);
}

audit_ledger::audit_ledger(const entity_surroundings& around, const uuid& id)
    : around_(around), id_(id),
      partition_(is_system_entity(id) ? partition_id{0} : partition_of(slot_of(id), around.partition_count)) {}

std::unique_ptr<proposal> audit_ledger::handle(entity_command command, timestamp) {
  auto& what = std::get<audit_command>(command);
  auto out = std::make_unique<proposal>();
  out->entity = id_;
  if (auto* refusals = std::get_if<keep_refusals>(&what)) {
    out->audited = std::move(refusals->entries);
  } else {
    auto& cleared = std::get<clear_audit>(what);
    auto next = clear(cleared, *out);
    out->answer(cleared.done, result<std::string>{std::move(next)});
  }
  return out;
}

std::string audit_ledger::clear(const clear_audit& command, proposal& out) const {
  auto from = std::max(command.from, keys::audit_prefix(partition_));
  std::size_t cleared = 0;
  for (std::size_t looked_at = 0; looked_at < workspaces_looked_at_at_once; ++looked_at) {
    const auto workspace = next_workspace(around_.state, partition_, from);
    if (!workspace) return {};
    const auto end = keys::behind(keys::audit_prefix(partition_, *workspace));
    std::string rest;
    around_.state.scan(family::audit,
                       std::max(from, keys::audit_until(partition_, *workspace, command.before - milliseconds{1})), end,
                       [&](std::string_view key, std::string_view) {
                         if (cleared == entries_cleared_at_once) rest = key;
                         else out.mutations.remove(family::audit, key);
                         return cleared++ < entries_cleared_at_once;
                       });
    if (!rest.empty()) return rest;
    from = end;
  }
  return from;
}

} // namespace penstock
