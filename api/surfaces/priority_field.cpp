#include "api/surfaces/priority_field.hpp"

namespace penstock {

std::optional<task_priority> priority_field(body_fields& fields, bool required) {
  const auto text = fields.text("priority", {.required = required});
  if (!text) return std::nullopt;
  auto priority = parse_task_priority(*text);
  if (!priority) fields.wrong("priority", "must be HIGH, NORMAL or LOW");
  return priority;
}

} // namespace penstock
