#pragma once

#include <chrono>

/// What the operating system is told of threads. Failures are of no consequence and not reported.
namespace penstock {

/// Names the calling thread, as `top -H` and `perf` show it.
/// @param name at most 15 bytes.
void name_thread(const char* name) noexcept;

/// From now on the calling thread leaves the processor to threads that clients wait for, while both want it. Processes that
/// it starts inherit this.
void work_in_background() noexcept;

/// From now on the calling thread gets the processor soon when it wakes. What it starts does not inherit this.
/// @returns whether it could be arranged.
bool answer_soon() noexcept;

/// The calling thread as one that gets the processor at once when it wakes, so long as it takes no more than a tenth of one:
/// in real time, if the process may (CAP_SYS_NICE, or RLIMIT_RTPRIO from 1 on), else as after `answer_soon`.
class prompt_thread {
public:
  prompt_thread() noexcept;

  /// To be called between pieces of work.
  void worked() noexcept {
    if (const auto now = std::chrono::steady_clock::now(); now >= measured_at_ + measured_over) measure(now);
  }

private:
  static constexpr std::chrono::milliseconds measured_over{100};

  void measure(std::chrono::steady_clock::time_point now) noexcept;

  std::chrono::steady_clock::time_point measured_at_;
  std::chrono::nanoseconds used_; ///< Of the processor, until then.
  bool is_prompt_;
};

} // namespace penstock
