#include "runtime/threads.hpp"

#include <pthread.h>
#include <sys/resource.h>

namespace penstock {

namespace {

/// A third of the share of a thread with the usual 0.
constexpr int background_niceness = 5;

} // namespace

void name_thread(const char* name) noexcept { (void)pthread_setname_np(pthread_self(), name); }

// In Linux the niceness belongs to the thread, and 0 means the calling one.
void work_in_background() noexcept { (void)setpriority(PRIO_PROCESS, 0, background_niceness); }

} // namespace penstock
