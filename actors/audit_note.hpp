#pragma once

#include "actors/caller.hpp"
#include "runtime/model/audit.hpp"

#include <memory>
#include <string>

namespace penstock {

/// What the audit log says of a client's command if it changes something; travels with the command.
struct audit_note {
  workspace_id workspace;
  audit_record what;
};
using audit_note_ptr = std::shared_ptr<const audit_note>;

/// What an entry says of who asked, and for what.
[[nodiscard]] audit_record record_of(const caller& who, std::string object = {});

/// @param object the id or name of what is acted on.
/// @returns null for a caller without an origin: nobody asked.
[[nodiscard]] audit_note_ptr note_of(const caller& who, std::string object);
[[nodiscard]] audit_note_ptr note_of(const caller& who, const uuid& object);

} // namespace penstock
