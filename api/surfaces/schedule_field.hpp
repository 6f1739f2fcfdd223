#pragma once

#include "api/body_fields.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Reads a cron expression: nothing if it is left out, a problem for each wrong field of it, or if it never comes due.
[[nodiscard]] std::optional<std::string> read_schedule(body_fields& fields, std::string_view name);

} // namespace penstock
