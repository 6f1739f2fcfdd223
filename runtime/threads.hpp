#pragma once

/// What the operating system is told of threads. Failures are of no consequence and not reported.
namespace penstock {

/// Names the calling thread, as `top -H` and `perf` show it.
/// @param name at most 15 bytes.
void name_thread(const char* name) noexcept;

/// From now on the calling thread leaves the processor to threads that clients wait for, while both want it. Processes that
/// it starts inherit this.
void work_in_background() noexcept;

} // namespace penstock
