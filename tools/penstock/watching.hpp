#pragma once

#include "tools/penstock/commands.hpp"

#include <functional>

namespace penstock::cli {

/// How something is shown while it goes on.
struct onlooker {
  /// An answer of the server. @returns whether there is no more to see
  std::function<bool(const value& answer)> see;
  /// The server does not answer; may be called again and again.
  std::function<void()> miss;
};

/// Asks for `path` again and again until there is no more to see, through restarts of the server.
/// @returns the last answer; a failure if the server refuses, or stays away for two minutes.
[[nodiscard]] outcome<value> keep_watching(command_context& with, const std::string& path, const onlooker& by);

} // namespace penstock::cli
