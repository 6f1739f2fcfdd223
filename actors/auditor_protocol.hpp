#pragma once

#include "actors/atoms.hpp"
#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>

namespace penstock {

/// A step of the clearing of a partition was made durable.
struct audit_cleared {
  partition_id partition = 0;
  result<std::string> next; ///< Where to go on; empty: nothing is left.
};
using audit_cleared_ptr = std::shared_ptr<audit_cleared>;

/// AUDITOR: has refusals written into the audit log, and old entries cleared.
using auditor_actor = caf::typed_actor<
  // INTERNAL: an answer from a partition.
  caf::reacts_to<audit_cleared_ptr>,
  // INTERNAL: its own clock.
  caf::reacts_to<sweep_atom>>;

} // namespace penstock

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::audit_cleared_ptr)
