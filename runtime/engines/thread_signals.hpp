#pragma once

#include <pthread.h>

#include <csignal>

namespace penstock {

/// For threads that write to pipes and sockets: no signal is handled here, and a SIGPIPE, which goes to the thread that
/// wrote, ends nothing; the failed write tells the same.
inline void block_signals_in_this_thread() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

} // namespace penstock
