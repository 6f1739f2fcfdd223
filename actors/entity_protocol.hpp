#pragma once

#include "actors/letters.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace penstock {

/// ENTITY: a pipeline, a run or the keyring while it has something to do.
using entity_actor = caf::typed_actor<
  // Decides, and sends its partition one proposal, also when it refuses.
  caf::reacts_to<entity_letter_ptr>>;

} // namespace penstock
