#pragma once

namespace penstock {

/// Lets the allocator give memory that is not used any more back to the system by itself, from a thread of its own. For
/// the server alone: a process that forks and goes on must not have such a thread.
void return_memory_when_idle() noexcept;

} // namespace penstock
