#pragma once

#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>

namespace penstock {

/// The longest duration a definition may name: ten years.
inline constexpr std::uint64_t duration_max_ms = 3'650ull * 24 * 3600 * 1000;

/// Milliseconds of a duration as definitions write it: seconds as a number (1.5), or a text of one number and one unit:
/// "500ms", "30s", "5m", "2h", "1d".
/// @returns nothing for anything else, for negative ones and for those above `duration_max_ms`.
[[nodiscard]] std::optional<std::uint64_t> parse_duration(const value& v) noexcept;

} // namespace penstock
