#pragma once

#include "actors/atoms.hpp"
#include "actors/letters.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace penstock {

/// TIMER: wakes partitions when a timer in the store is due, at least once; receivers drop repeats.
using timer_actor = caf::typed_actor<
  // A timer that was just made durable.
  caf::reacts_to<arm_atom, keys::timer>,
  // INTERNAL: the service's own clock.
  caf::reacts_to<wake_atom, std::uint64_t>, caf::reacts_to<look_atom>,
  // Begins to read from the store what is due within the next window, and goes on by itself. Sent once, when the
  // partitions are there.
  caf::reacts_to<refill_atom>>;

} // namespace penstock
