#include "actors/core/delivery_target.hpp"

#include "actors/core/events.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/core/system_core.hpp"

namespace penstock {

namespace {

using registered = std::variant<std::monostate, endpoint_record, trigger_record>;

/// What an id stands for: an endpoint that is enabled, or a sender with a callback.
registered look_up(const entity_surroundings& around, const uuid& id) {
  return around.registry->read([&](const system_tables& tables) -> registered {
    if (const auto it = tables.endpoints().find(endpoint_id{id}); it != tables.endpoints().end())
      return it->second.enabled ? registered{it->second} : registered{};
    if (const auto it = tables.triggers().find(trigger_id{id}); it != tables.triggers().end())
      return it->second.callback_url.empty() ? registered{} : registered{it->second};
    return {};
  });
}

} // namespace

delivery_target target_of(const entity_surroundings& around, const endpoint_record& endpoint, timestamp now) {
  delivery_target out;
  out.workspace = endpoint.workspace;
  out.url = endpoint.url;
  out.secrets.push_back(open_text(around.seals, place_of(endpoint), endpoint.sealed_secret));
  if (!endpoint.sealed_old_secret.empty() && endpoint.old_secret_until && *endpoint.old_secret_until > now)
    out.secrets.push_back(open_text(around.seals, place_of(endpoint), endpoint.sealed_old_secret));
  out.retries_max = endpoint.retries_max > 0 ? endpoint.retries_max : around.webhooks.retries_max;
  out.retry_delay = endpoint.retry_delay_ms > 0 ? milliseconds{static_cast<std::int64_t>(endpoint.retry_delay_ms)}
                                                : around.webhooks.retry_delay;
  return out;
}

std::optional<delivery_target> target_of(const entity_surroundings& around, const uuid& endpoint, timestamp now) {
  const auto found = look_up(around, endpoint);
  if (const auto* record = std::get_if<endpoint_record>(&found)) return target_of(around, *record, now);
  const auto* trigger = std::get_if<trigger_record>(&found);
  if (!trigger) return std::nullopt;
  return delivery_target{trigger->workspace,
                         trigger->callback_url,
                         {open_text(around.seals, place_of(*trigger), trigger->sealed_secret)},
                         around.webhooks.retries_max,
                         around.webhooks.retry_delay,
                         true};
}

bool has_target(const entity_surroundings& around, const uuid& endpoint) {
  return around.registry->read([&](const system_tables& tables) {
    if (const auto it = tables.endpoints().find(endpoint_id{endpoint}); it != tables.endpoints().end())
      return it->second.enabled;
    const auto it = tables.triggers().find(trigger_id{endpoint});
    return it != tables.triggers().end() && !it->second.callback_url.empty();
  });
}

system_change disable_endpoint(endpoint_id id, std::string because, reply<void> done) {
  system_change change;
  change.decide = [id, because = std::move(because)](system_draft& draft, timestamp now) -> result<void> {
    const auto it = draft.tables().endpoints().find(id);
    if (it == draft.tables().endpoints().end() || !it->second.enabled) return {};
    auto record = it->second;
    record.enabled = false;
    record.disabled_because = because;
    record.updated_at = now;
    draft.put(record);
    return {};
  };
  change.done = std::move(done);
  return change;
}

} // namespace penstock
