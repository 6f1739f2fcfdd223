#pragma once

#include "actors/core/entity_core.hpp"

#include <functional>

/// Events and their deliveries, written into the change that they report.
namespace penstock {

/// Tells those who want to know that a run has ended: the workspace's endpoints, and the sender of the webhook that
/// started it.
/// @param header of the ended run. @param view called if somebody is to be told.
void raise_run_events(const entity_surroundings& around, const run_record& header,
                      const std::function<run_view()>& view, proposal& out);

/// Tells the workspace's endpoints that a pipeline was paused.
/// @param view called if somebody is to be told.
void raise_pipeline_paused(const entity_surroundings& around, const pipeline_record& pipeline,
                           const std::function<pipeline_view()>& view, timestamp now, proposal& out);

/// Where an event's body is sealed.
[[nodiscard]] inline sealed_place place_of(const event_record& event) {
  return {event.workspace, event.id.raw, 0, static_cast<std::uint8_t>(sealed_kind::event)};
}
[[nodiscard]] inline sealed_place place_of(const endpoint_record& endpoint) {
  return {endpoint.workspace, endpoint.id.raw, 0, static_cast<std::uint8_t>(sealed_kind::endpoint_secret)};
}
[[nodiscard]] inline sealed_place place_of(const trigger_record& trigger) {
  return {trigger.workspace, trigger.id.raw, 0, static_cast<std::uint8_t>(sealed_kind::trigger_secret)};
}

/// The body of an event: an envelope around `data`, which is JSON already.
[[nodiscard]] std::string event_body(event_id id, event_type type, timestamp created_at, const std::string& data);

} // namespace penstock
