#include "actors/core/events.hpp"

#include "actors/core/sealed_records.hpp"
#include "actors/event_renderer.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// What is raised, beside what it says.
struct event_draft {
  workspace_id workspace;
  event_type type;
  uuid subject;
  timestamp at;
  std::string traceparent;
};

std::vector<uuid> subscribers(const entity_surroundings& around, workspace_id workspace, event_type type) {
  return around.registry->read([&](const system_tables& tables) {
    std::vector<uuid> out;
    for (const auto* endpoint : tables.endpoints_of(workspace))
      if (endpoint->enabled && std::ranges::find(endpoint->events, type) != endpoint->events.end())
        out.push_back(endpoint->id.raw);
    return out;
  });
}

void raise(const entity_surroundings& around, const event_draft& draft, const std::vector<uuid>& endpoints,
           const std::function<std::string(event_id)>& body, proposal& out) {
  const auto slot = slot_of(draft.subject);
  const auto p = partition_of(slot, around.partition_count);
  const auto new_id = [&] { return make_uuid7(draft.at, slot, around.random.next()); };
  event_record event;
  event.id = event_id{new_id()};
  event.workspace = draft.workspace;
  event.type = draft.type;
  event.created_at = draft.at;
  event.subject = draft.subject;
  event.sealed_body = around.seals.seal(place_of(event), body(event.id));
  event.traceparent = draft.traceparent;
  for (const auto& endpoint : endpoints) {
    delivery_record delivery;
    delivery.id = delivery_id{new_id()};
    delivery.event = event.id;
    delivery.workspace = draft.workspace;
    delivery.endpoint = endpoint;
    delivery.type = draft.type;
    delivery.created_at = draft.at;
    delivery.next_at = draft.at;
    event.deliveries.push_back(delivery.id);
    const keys::pending_delivery pending{p, endpoint, draft.at, delivery.id};
    out.mutations.put(family::events, keys::delivery(p, delivery.id), codec::encode(delivery));
    out.mutations.put(family::events, keys::delivery_of_endpoint(p, endpoint, delivery.id), {});
    out.mutations.put(family::events, pending.encode(), {});
    out.mutations.add(family::counters, keys::counter_of(p, keys::counter_kind::deliveries_of_endpoint, endpoint), 1);
    out.effects.push_back(deliver{pending});
  }
  out.mutations.put(family::events, keys::event(p, event.id), codec::encode(event));
  out.mutations.add(family::counters, keys::counter_of(p, keys::counter_kind::pending_deliveries, {}),
                    static_cast<std::int64_t>(endpoints.size()));
}

/// Whether the pipeline is one that the etl surface shows as a workflow.
bool is_etl(const entity_surroundings& around, pipeline_id id) {
  const auto pipeline = read_record<pipeline_record>(around.state, keys::pipeline(id));
  return pipeline && pipeline->type == pipeline_type::etl;
}

bool wants_callback(const entity_surroundings& around, const uuid& trigger) {
  return around.registry->read([&](const system_tables& tables) {
    const auto it = tables.triggers().find(trigger_id{trigger});
    return it != tables.triggers().end() && !it->second.callback_url.empty();
  });
}

} // namespace

std::string event_body(event_id id, event_type type, timestamp created_at, const std::string& data) {
  return R"({"id":")" + shown_id(id) + R"(","type":")" + std::string{to_text(type)} + R"(","created_at":")" +
         to_rfc3339(created_at) + R"(","data":)" + data + "}";
}

void raise_run_events(const entity_surroundings& around, const run_record& header,
                      const std::function<run_view()>& view, proposal& out) {
  if (!around.render) return;
  const auto at = header.ended_at.value_or(header.created_at);
  const auto tell = [&](event_type type, const std::vector<uuid>& whom, const auto& body) {
    if (!whom.empty()) raise(around, {header.workspace, type, header.id.raw, at, header.traceparent}, whom, body, out);
  };
  const bool succeeded = header.status == run_status::succeeded;
  // Who cancels a run knows it; there is no event for that.
  if (succeeded || header.status == run_status::failed) {
    const auto job = succeeded ? event_type::job_completed : event_type::job_failed;
    tell(job, subscribers(around, header.workspace, job),
         [&](event_id id) { return event_body(id, job, at, around.render->job(view())); });
    const auto etl = succeeded ? event_type::etl_run_completed : event_type::etl_run_failed;
    if (const auto whom = subscribers(around, header.workspace, etl); !whom.empty() && is_etl(around, header.pipeline))
      tell(etl, whom, [&](event_id id) { return event_body(id, etl, at, around.render->etl_run(view())); });
  }
  if (header.webhook && wants_callback(around, *header.webhook))
    tell(event_type::trigger_callback, {*header.webhook}, [&](event_id) { return around.render->callback(view()); });
}

void raise_pipeline_paused(const entity_surroundings& around, const pipeline_record& pipeline,
                           const std::function<pipeline_view()>& view, timestamp now, proposal& out) {
  if (!around.render) return;
  constexpr auto type = event_type::pipeline_paused;
  if (const auto whom = subscribers(around, pipeline.workspace, type); !whom.empty())
    raise(
      around, {pipeline.workspace, type, pipeline.id.raw, now, {}}, whom,
      [&](event_id id) { return event_body(id, type, now, around.render->pipeline(view())); }, out);
}

} // namespace penstock
