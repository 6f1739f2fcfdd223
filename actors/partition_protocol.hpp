#pragma once

#include "actors/atoms.hpp"
#include "actors/letters.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace penstock {

/// PARTITION: owns a share of the slots; everything that changes a pipeline or run of them goes through it.
using partition_actor = caf::typed_actor<
  // A command for one of its entities. Its reply, if it has one, is called exactly once.
  caf::reacts_to<submission_ptr>,
  // What an entity decided on a command it was told: one each, in order.
  caf::reacts_to<proposal_ptr>,
  // From the log writer: entries up to this index are on the disk.
  caf::reacts_to<durable_atom, std::uint64_t>,
  // Timers of this partition are due; maybe more than once.
  caf::reacts_to<due_atom, due_timers_ptr>,
  // These, of schedules, are due soon.
  caf::reacts_to<soon_atom, due_timers_ptr>,
  // The receiver of the outbox message with this key has made it durable.
  caf::reacts_to<taken_atom, std::string>,
  // Takes up what was under way when the node stopped. Sent once.
  caf::reacts_to<start_atom>,
  // INTERNAL: the partition's housekeeping.
  caf::reacts_to<sweep_atom>>;

} // namespace penstock
