#include "runtime/threads.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>

namespace penstock {

namespace {

/// A third of the share of a thread with the usual 0.
constexpr int background_niceness = 5;

/// The shortest there is. Which of two threads that want the processor gets it is decided when one wakes, and then only at the
/// next tick, 4 ms later at worst. Linux 6.12 and later decide for the one with the shorter slice; earlier ones know none.
constexpr std::uint64_t answering_slice_ns = 100'000;

/// What sched_setattr(2) takes: the C library does not declare it.
struct scheduling {
  std::uint32_t size = sizeof(scheduling);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0; ///< With `SCHED_OTHER` the slice.
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(scheduling) == 48);

constexpr std::uint64_t not_inherited = 1; // SCHED_FLAG_RESET_ON_FORK

/// Of the calling thread.
std::chrono::nanoseconds processor_time() noexcept {
  timespec used{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

/// In Linux scheduling belongs to the thread, and 0 means the calling one.
bool schedule(const scheduling& how) noexcept { return syscall(SYS_sched_setattr, 0, &how, 0u) == 0; }

/// @param slice_ns 0: the system's.
scheduling as_usual(std::uint64_t slice_ns) noexcept {
  return {.flags = not_inherited, .nice = getpriority(PRIO_PROCESS, 0), .runtime_ns = slice_ns};
}

bool be_prompt() noexcept {
  return schedule({.policy = SCHED_RR, .flags = not_inherited, .priority = 1}) ||
         schedule(as_usual(answering_slice_ns));
}

} // namespace

void name_thread(const char* name) noexcept { (void)pthread_setname_np(pthread_self(), name); }

void work_in_background() noexcept { (void)setpriority(PRIO_PROCESS, 0, background_niceness); }

bool answer_soon() noexcept { return schedule(as_usual(answering_slice_ns)); }

prompt_thread::prompt_thread() noexcept
    : measured_at_(std::chrono::steady_clock::now()), used_(processor_time()), is_prompt_(be_prompt()) {}

void prompt_thread::measure(std::chrono::steady_clock::time_point now) noexcept {
  const auto used = processor_time();
  const bool is_modest = used - used_ <= (now - measured_at_) / 10;
  measured_at_ = now;
  used_ = used;
  // With much to do it is better left to do some of it at a time.
  if (is_modest != is_prompt_) is_prompt_ = is_modest ? be_prompt() : !schedule(as_usual(0));
}

} // namespace penstock
