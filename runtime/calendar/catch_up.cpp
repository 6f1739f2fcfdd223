#include "runtime/calendar/catch_up.hpp"

#include <algorithm>

namespace penstock {
namespace {

using namespace std::chrono_literals;

std::size_t within_step(std::size_t n) { return std::clamp<std::size_t>(n, 1, catch_up_step_max); }

/// The firings after `after` up to `now`, at most `limit` of them.
std::vector<timestamp> oldest(const schedule_rule& rule, timestamp after, timestamp now, std::size_t limit) {
  std::vector<timestamp> firings;
  for (auto t = next_firing(rule, after); t && *t <= now && firings.size() < limit; t = next_firing(rule, *t))
    firings.push_back(*t);
  return firings;
}

/// The last `limit` firings after `after` up to `now`.
std::vector<timestamp> newest(const schedule_rule& rule, timestamp after, timestamp now, std::size_t limit) {
  std::vector<timestamp> firings;
  for (auto t = previous_firing(rule, now); t && *t > after && firings.size() < limit;
       t = previous_firing(rule, *t - 1ms))
    firings.push_back(*t);
  std::reverse(firings.begin(), firings.end());
  return firings;
}

} // namespace

catch_up_step catch_up(const schedule_rule& rule, const catch_up_request& request) {
  catch_up_step step;
  step.decided_until = request.decided_until;
  step.next = next_firing(rule, request.decided_until);
  if (!step.next || *step.next > request.now) {
    step.decided_until = std::max(request.decided_until, request.now);
    return step;
  }
  const auto first = *step.next;
  switch (request.strategy) {
    case catchup_strategy::skip_to_current:
      step.due =
        oldest(rule, std::max(request.decided_until, request.now - lateness_grace), request.now, catch_up_step_max);
      break;
    case catchup_strategy::run_all:
      step.due = oldest(rule, request.decided_until, request.now, within_step(request.limit));
      break;
    case catchup_strategy::run_latest:
      step.due = newest(rule, request.decided_until, request.now, within_step(request.latest_n));
      break;
  }
  step.dropped = step.due.empty() || step.due.front() != first;
  step.next = next_firing(rule, step.due.empty() ? request.now : step.due.back());
  step.more = step.next && *step.next <= request.now;
  step.decided_until = step.more ? step.due.back() : request.now;
  return step;
}

} // namespace penstock
