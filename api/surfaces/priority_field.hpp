#pragma once

#include "api/body_fields.hpp"
#include "runtime/plan/plan.hpp"

namespace penstock {

/// Member `priority` of a body, HIGH, NORMAL or LOW; nothing if it is absent or wrong, which is noted then.
[[nodiscard]] std::optional<task_priority> priority_field(body_fields& fields, bool required);

} // namespace penstock
