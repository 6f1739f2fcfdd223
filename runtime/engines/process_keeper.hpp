#pragma once

#include "runtime/engines/attempt_init.hpp"

#include <functional>

namespace penstock {

/// What a keeper's fork does: one way for programs, another for SQL jobs.
struct keeper_work {
  isolation how;
  /// Runs in the fork and does not return.
  std::function<void(fork_parts)> body;
};

/// The keeper: forks a process for each request at `keeper_socket`, reports their ends, and takes all of them with it
/// when the server's end of the socket closes, however the server ended. @returns the exit code.
[[nodiscard]] int run_process_keeper(const keeper_work& work);

} // namespace penstock
