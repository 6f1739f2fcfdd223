#pragma once

#include "runtime/calendar/schedule_rule.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace penstock {

/// What becomes of firings that were missed, because no server ran or the schedule's partition had no leader. A firing
/// late by less than `lateness_grace` is not missed, merely late, and fires under every strategy.
enum class catch_up_strategy : std::uint8_t {
  skip_to_current = 1, ///< SKIP_TO_CURRENT: drops them and goes on with the next one that is due.
  run_all = 2,         ///< RUN_ALL: fires every one, oldest first.
  run_latest_n =
    3, ///< RUN_LATEST_N: fires the newest n of all that are due, oldest of them first, and drops the others.
};

/// The name a client writes, e.g. "RUN_ALL".
[[nodiscard]] std::string_view to_text(catch_up_strategy strategy) noexcept;
[[nodiscard]] std::optional<catch_up_strategy> parse_catch_up_strategy(std::string_view text) noexcept;

inline constexpr milliseconds lateness_grace = std::chrono::seconds{60};

/// The most firings one step decides.
inline constexpr std::size_t catch_up_step_max = 1'000;

struct catch_up_request {
  timestamp decided_until; ///< What fires at or before this has been decided already.
  timestamp now;
  catch_up_strategy strategy = catch_up_strategy::skip_to_current;
  std::size_t latest_n = 1; ///< Of RUN_LATEST_N: 1 to `catch_up_step_max`; what lies outside is brought inside.
  std::size_t limit = catch_up_step_max; ///< Of RUN_ALL: how many to decide at once; likewise.
};

/// What is to be fired at once, and how things go on.
struct catch_up_step {
  std::vector<timestamp> due;    ///< In order of time.
  bool dropped = false;          ///< Whether some that were missed will not fire.
  bool more = false;             ///< Whether more are due already; ask again, with the new `decided_until`.
  timestamp decided_until;       ///< Never before that of the request.
  std::optional<timestamp> next; ///< The first firing after `decided_until`: if there is more, that is in the past.
};

/// Decides about the firings after `decided_until` up to and including `now`. Costs what the answer is long, not what was missed.
[[nodiscard]] catch_up_step catch_up(const schedule_rule& rule, const catch_up_request& request);

} // namespace penstock
