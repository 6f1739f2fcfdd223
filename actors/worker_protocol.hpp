#pragma once

#include "actors/atoms.hpp"
#include "actors/letters.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace penstock {

/// WORKER: does attempts with the node's engines.
using worker_actor = caf::typed_actor<
  // Does an attempt; its result goes to the run as a command, exactly once unless the node stops.
  caf::reacts_to<attempt_ptr>,
  // Stops every attempt of a run that is under way or queued.
  caf::reacts_to<stop_atom, run_id>,
  // Attempts of a run that wait for a place wait with this priority (a `task_priority`) from now on.
  caf::reacts_to<reorder_atom, run_id, std::uint8_t>,
  // INTERNAL: an engine is done with an attempt.
  caf::reacts_to<attempt_result_ptr>>;

} // namespace penstock
