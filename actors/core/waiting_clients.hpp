#pragma once

#include "actors/core/entity_core.hpp"

#include <functional>
#include <unordered_map>
#include <vector>

namespace penstock {

/// A start that is answered only when its run has ended; null: it is something else.
[[nodiscard]] start_run* start_that_waits(entity_command& command);
/// Calls `release` once: when the start is durable, or refused.
void release_at_start(start_run& start, std::function<void()> release);

/// Clients of a partition that wait for the end of a run.
class waiting_clients {
public:
  explicit waiting_clients(const state_reader& state, const sealer& seals) : state_(state), seals_(seals) {}

  void add(run_id run, timestamp until, reply<started_run> done);
  void finished(const run_view& run);
  /// Whoever waits no longer than `at` is answered with the run as it is.
  void expire(timestamp at);

private:
  struct client {
    timestamp until;
    reply<started_run> done;
  };

  const state_reader& state_;
  const sealer& seals_;
  std::unordered_map<run_id, std::vector<client>> clients_;
};

} // namespace penstock
