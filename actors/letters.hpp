#pragma once

#include "actors/core/messages.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>

/// Payloads that travel between actors of one node by pointer and never leave it; what crosses nodes is bytes.
namespace penstock {

/// A command on its way to an entity.
struct submission {
  uuid entity;
  entity_command command;
  bool from_client = false;
  audit_note_ptr note = nullptr; ///< Null: nobody is to be named for it.
};
using submission_ptr = std::shared_ptr<submission>;

/// A command for an entity, with the partition's clock.
struct entity_letter {
  entity_command command;
  timestamp now;
  audit_note_ptr note; ///< Comes back with the proposal.
};
using entity_letter_ptr = std::shared_ptr<entity_letter>;

/// An entity's proposal on its way to its partition.
struct proposal_letter {
  std::unique_ptr<proposal> what;
};
using proposal_ptr = std::shared_ptr<proposal_letter>;

using attempt_ptr = std::shared_ptr<attempt_request>;
using attempt_result_ptr = std::shared_ptr<attempt_result>;
using child_ptr = std::shared_ptr<ask_child>;
using message_ptr = std::shared_ptr<send_message>;

/// Timers that are due, or will be soon: only of schedules or none of them. Those that come first stand at the end.
using due_timers_ptr = std::shared_ptr<std::vector<keys::timer>>;

} // namespace penstock

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::submission_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::entity_letter_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::proposal_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::attempt_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::attempt_result_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::child_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::message_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::due_timers_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::keys::timer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::run_id)
