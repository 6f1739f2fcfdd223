#include "actors/audit_note.hpp"

#include "runtime/model/utf8.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// Held to its length, and to characters: a path may hold any bytes.
std::string cut(std::string text) {
  if (text.size() > audit_text_bytes_max) text.resize(audit_text_bytes_max);
  text.resize(std::min(find_invalid_utf8(text), text.size()));
  return text;
}

} // namespace

audit_record record_of(const caller& who, std::string object) {
  audit_record out;
  out.key = who.key;
  if (!who.key) out.subject = cut(who.subject);
  out.operation = who.origin.operation;
  out.object = cut(std::move(object));
  out.address = who.origin.address;
  out.request_id = cut(who.origin.request_id);
  return out;
}

audit_note_ptr note_of(const caller& who, std::string object) {
  if (who.origin.operation.empty()) return nullptr;
  return std::make_shared<const audit_note>(audit_note{who.workspace, record_of(who, std::move(object))});
}

audit_note_ptr note_of(const caller& who, const uuid& object) {
  if (who.origin.operation.empty()) return nullptr;
  auto note = std::make_shared<audit_note>(audit_note{who.workspace, record_of(who)});
  note->what.object_id = object;
  return note;
}

} // namespace penstock
