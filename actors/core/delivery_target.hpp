#pragma once

#include "actors/core/entity_core.hpp"

#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// Where deliveries of an endpoint, or callbacks to the sender of an incoming webhook, go at a given time.
struct delivery_target {
  workspace_id workspace;
  std::string url;
  std::vector<std::string> secrets; ///< Opened. Never empty: the newest, and for a while the one before.
  std::uint32_t retries_max = 0;
  milliseconds retry_delay{0};
  bool is_trigger = false; ///< Cannot be disabled.
};

/// @returns nothing for one that is unknown or disabled: what is pending for it is dropped.
[[nodiscard]] std::optional<delivery_target> target_of(const entity_surroundings& around, const uuid& endpoint,
                                                       timestamp now);
/// The target that an endpoint is, enabled or not.
[[nodiscard]] delivery_target target_of(const entity_surroundings& around, const endpoint_record& endpoint,
                                        timestamp now);
/// Whether there is one. Cheaper: opens no secrets.
[[nodiscard]] bool has_target(const entity_surroundings& around, const uuid& endpoint);

/// The command to `system_entity` that switches an endpoint off for the reason given; one that is off, or gone, stays so.
[[nodiscard]] system_change disable_endpoint(endpoint_id id, std::string because, reply<void> done);

} // namespace penstock
