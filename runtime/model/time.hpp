#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

using milliseconds = std::chrono::milliseconds;

/// A point in time, UTC, to the millisecond.
using timestamp = std::chrono::time_point<std::chrono::system_clock, milliseconds>;

/// Milliseconds since the Unix epoch, UTC.
[[nodiscard]] constexpr std::int64_t to_ms(timestamp t) noexcept { return t.time_since_epoch().count(); }
[[nodiscard]] constexpr timestamp from_ms(std::int64_t ms) noexcept { return timestamp{milliseconds{ms}}; }

/// RFC 3339 in UTC with milliseconds and `Z`, e.g. `2026-01-31T09:30:00.250Z`.
[[nodiscard]] std::string to_rfc3339(timestamp t);

/// Reads RFC 3339 with any offset (`Z`, `+02:00`), with or without fraction; a bare date is midnight UTC.
[[nodiscard]] std::optional<timestamp> parse_rfc3339(std::string_view text);

} // namespace penstock
