#pragma once

#include "runtime/plan/plan.hpp"

#include <string>

namespace penstock {

/// Why `v` is no value of a parameter of that type, e.g. "must be a date such as 2026-01-31, not an integer"; empty if
/// it is one.
[[nodiscard]] std::string parameter_mismatch(parameter_type type, const value& v);

} // namespace penstock
