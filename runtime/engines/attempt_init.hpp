#pragma once

#include "runtime/engines/descriptor.hpp"
#include "runtime/engines/isolation.hpp"
#include "runtime/engines/keeper_protocol.hpp"

#include <array>
#include <csignal>

namespace penstock {

/// What a fork of the keeper is given to become a process.
struct fork_parts {
  process_number number = 0;
  process_spec spec;
  std::array<descriptor, 3> streams; ///< Standard input, output and error.
  int keeper_alive = -1;             ///< Becomes readable when the keeper is gone.
};

/// Signal that asks the first process of an attempt without a PID namespace to kill its descendants and end.
inline constexpr int kill_tree_signal = SIGUSR1;

/// The first process of an attempt: sets up what isolates it, starts the program, passes on SIGTERM to everything
/// below, reports the program's end to the server and takes everything else with it. Called in a fresh fork with
/// SIGCHLD, SIGTERM and kill_tree_signal blocked.
[[noreturn]] void run_attempt_init(fork_parts parts, const isolation& how);

/// Sends a report to the server.
void send_report(const keeper_report& report);

} // namespace penstock
