#pragma once

#include "tools/penstock/commands.hpp"

#include <functional>
#include <string>

namespace penstock::cli {

/// How something is shown while it goes on.
struct onlooker {
  /// Asks the server and shows what it answers. @returns whether there is no more to see
  std::function<outcome<bool>()> look;
  /// The server does not answer; may be called again and again.
  std::function<void()> miss;
  /// What standard error is told when Ctrl-C ends the program: that it goes on all the same, and how it is stopped.
  std::string when_interrupted;
};

/// Looks again and again until there is no more to see, through restarts of the server.
/// @returns a failure if the server refuses, answers what cannot be read, or stays away for two minutes.
[[nodiscard]] outcome<void> keep_watching(command_context& with, const onlooker& by);

} // namespace penstock::cli
