#pragma once

#include "actors/core/delivery_core.hpp"
#include "actors/webhook_protocol.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace penstock {

/// For metrics: kept up to date by the actor, under the mutex.
struct webhook_figures {
  std::mutex mutex;
  delivery_figures now;
};

struct webhook_setup {
  const entity_surroundings* around = nullptr;
  std::shared_ptr<clock_source> clock;
  outbound_http* client = nullptr; ///< Outlives the actor.
  /// To whatever partition owns the entity. Called from the actor.
  std::function<void(const uuid& entity, entity_command command)> submit;
  std::shared_ptr<webhook_figures> figures;
};

[[nodiscard]] webhook_actor spawn_webhook(caf::actor_system& sys, webhook_setup setup);

} // namespace penstock
