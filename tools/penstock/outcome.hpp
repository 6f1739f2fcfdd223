#pragma once

#include "runtime/expected.hpp"

#include <string>
#include <utility>

namespace penstock::cli {

/// What the program tells its caller. Documented in `penstock --help` and the README: a number once given is never reused.
enum class exit_code : int {
  ok = 0,
  run_failed = 1,    ///< The run, backfill or test that was waited for failed, was cancelled, or cannot go on.
  usage = 2,         ///< The command line is wrong.
  unreachable = 3,   ///< No answer from the server, or one that no server of ours gives.
  unauthorized = 4,  ///< The key is missing, unknown or lacks the right.
  not_found = 5,     ///< There is no such pipeline, run, schedule, backfill, webhook, key or file on the server.
  refused = 6,       ///< The server refused: a mistake in a definition, a parameter, a state that does not allow it.
  server_failed = 7, ///< The server is overloaded, not ready, or failed.
  local_file = 8,    ///< A file of this machine cannot be read or written, or the output cannot be written.
};

/// Why a command could not do its work: a code for scripts, a sentence or more for people.
struct failure {
  exit_code code = exit_code::usage;
  std::string message;
  bool is_final = false; ///< Asking again would give the same.
};

template <class T>
using outcome = expected<T, failure>;

/// A failure on its way into an `outcome`.
[[nodiscard]] inline unexpected<failure> give_up(exit_code code, std::string message) {
  return unexpected(failure{code, std::move(message)});
}

} // namespace penstock::cli
