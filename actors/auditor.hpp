#pragma once

#include "actors/auditor_protocol.hpp"
#include "actors/core/messages.hpp"
#include "actors/core/refusal_log.hpp"
#include "runtime/seams.hpp"

#include <functional>
#include <memory>

namespace penstock {

struct auditor_setup {
  partition_id partition_count = 0;
  std::shared_ptr<clock_source> clock;
  refusal_log* refusals = nullptr; ///< Outlives the actor.
  milliseconds retention{0};       ///< 0: entries are kept for ever.
  std::function<void(const uuid& entity, entity_command command)> submit;
};

[[nodiscard]] auditor_actor spawn_auditor(caf::actor_system& sys, auditor_setup setup);

} // namespace penstock
