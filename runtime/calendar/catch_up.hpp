#pragma once

#include "runtime/calendar/schedule_rule.hpp"
#include "runtime/model/schedule.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace penstock {

// What becomes of firings that were missed, because no server ran, their partition had no leader or the schedule was
// paused:
//
// * SKIP_TO_CURRENT drops them and goes on with the next one that is due;
// * RUN_ALL fires every one, oldest first;
// * RUN_LATEST_N fires the newest n of all that are due, oldest of them first, and drops the others.
//
// A firing late by less than `lateness_grace` was not missed, it is merely late, and fires whatever the strategy.

inline constexpr milliseconds lateness_grace = std::chrono::seconds{60};

/// The most firings one step decides.
inline constexpr std::size_t catch_up_step_max = 1'000;

/// `latest_n` and `limit` are brought into 1 to `catch_up_step_max`.
struct catch_up_request {
  timestamp decided_until; ///< What fires at or before this has been decided already.
  timestamp now;
  catchup_strategy strategy = catchup_strategy::skip_to_current;
  std::size_t latest_n = 1;              ///< Of RUN_LATEST_N.
  std::size_t limit = catch_up_step_max; ///< Of RUN_ALL: how many to decide at once.
};

/// What is to be fired at once, and how things go on.
struct catch_up_step {
  std::vector<timestamp> due;    ///< In order of time.
  bool dropped = false;          ///< Whether some that were missed will not fire.
  bool more = false;             ///< Whether more are due already; ask again, with the new `decided_until`.
  timestamp decided_until;       ///< Never before that of the request.
  std::optional<timestamp> next; ///< The first firing after `decided_until`: if there is more, that is in the past.
};

/// Decides about the firings after `decided_until` up to and including `now`. The cost grows with the answer, not with
/// what was missed.
[[nodiscard]] catch_up_step catch_up(const schedule_rule& rule, const catch_up_request& request);

} // namespace penstock
