#include "tools/penstock/watching.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace penstock::cli {

using namespace std::chrono_literals;

namespace {

/// How long something watched may be out of sight: time enough to restart a server, or to replace a machine.
constexpr auto out_of_sight_max = 120s;

} // namespace

outcome<value> keep_watching(command_context& with, const std::string& path, const onlooker& by) {
  auto seen_at = std::chrono::steady_clock::now();
  auto pause = 50ms;
  for (;;) {
    auto answer = with.api.get(path);
    const auto at = std::chrono::steady_clock::now();
    if (answer) {
      seen_at = at;
      if (by.see(*answer)) return answer;
      // What is short is seen moving, what is long costs the server little.
      pause = std::min<std::chrono::milliseconds>(pause + 10ms, with.on.is_terminal ? 200ms : 500ms);
    } else if (const auto code = answer.error().code;
               code != exit_code::unreachable && code != exit_code::server_failed) {
      return answer;
    } else if (at - seen_at > out_of_sight_max) {
      return answer;
    } else {
      by.miss();
      pause = 500ms;
    }
    std::this_thread::sleep_for(pause);
  }
}

} // namespace penstock::cli
