#include "tools/penstock/watching.hpp"

#include "tools/penstock/interrupt_notice.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace penstock::cli {

using namespace std::chrono_literals;

namespace {

/// How long something watched may be out of sight: time enough to restart a server, or to replace a machine.
constexpr auto out_of_sight_max = 120s;

} // namespace

outcome<void> keep_watching(command_context& with, const onlooker& by) {
  const interrupt_notice notice{by.when_interrupted};
  auto seen_at = std::chrono::steady_clock::now();
  auto pause = 50ms;
  for (;;) {
    const auto is_over = by.look();
    const auto at = std::chrono::steady_clock::now();
    if (is_over) {
      seen_at = at;
      if (*is_over) return {};
      // What is short is seen moving, what is long costs the server little.
      pause = std::min<std::chrono::milliseconds>(pause + 10ms, with.on.is_terminal ? 200ms : 500ms);
    } else if (const auto& why = is_over.error();
               why.is_final || (why.code != exit_code::unreachable && why.code != exit_code::server_failed)) {
      return unexpected(why);
    } else if (at - seen_at > out_of_sight_max) {
      return unexpected(why);
    } else {
      by.miss();
      pause = 500ms;
    }
    std::this_thread::sleep_for(pause);
  }
}

} // namespace penstock::cli
