#pragma once

#include "runtime/plan/plan.hpp"

#include <cstdint>

namespace penstock {

/// Milliseconds to wait before attempt `attempt` + 1, after attempt `attempt` (from 1) failed: fixed, or doubling from
/// `delay_ms` up to `delay_max_ms`; then moved by at most `jitter_percent` either way, by `random`.
[[nodiscard]] std::uint64_t retry_delay_ms(const retry_policy& policy, std::uint32_t attempt,
                                           std::uint64_t random) noexcept;

} // namespace penstock
