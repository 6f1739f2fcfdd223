#pragma once

#include "actors/letters.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace penstock {

/// GATEWAY: knows which partition owns an id, and where that partition is.
using gateway_actor = caf::typed_actor<
  // A command for an entity, whatever its partition.
  caf::reacts_to<submission_ptr>,
  // A parent run asks a pipeline for a child run; a refusal goes back to the parent as the child's end, and so does the
  // end of a child that is over already.
  caf::reacts_to<child_ptr>,
  // A message of an outbox; once its receiver has made it durable, the sending partition is told.
  caf::reacts_to<message_ptr>>;

} // namespace penstock
