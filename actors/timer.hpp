#pragma once

#include "actors/partition_protocol.hpp"
#include "actors/timer_protocol.hpp"
#include "runtime/seams.hpp"
#include "storage/store.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace penstock {

struct timer_setup {
  using tell_partition = std::function<void(partition_id, due_timers_ptr)>;

  const state_reader* state = nullptr;
  std::shared_ptr<clock_source> clock;
  partition_id partition_count = 8;
  tell_partition due;  ///< Called from the actor.
  tell_partition soon; ///< For schedules that are due soon; likewise.
};

[[nodiscard]] timer_actor spawn_timer(caf::actor_system& sys, timer_setup setup);

} // namespace penstock
