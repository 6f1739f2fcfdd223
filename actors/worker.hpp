#pragma once

#include "actors/blocking_pool.hpp"
#include "actors/worker_protocol.hpp"
#include "runtime/engines/log_files.hpp"
#include "runtime/seams.hpp"

#include <caf/fwd.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace penstock {

struct worker_figures {
  std::atomic<std::uint64_t> under_way{0}; ///< Attempts given to engines and not ended.
  std::atomic<std::uint64_t> succeeded{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};
};

struct worker_setup {
  engine_settings settings;
  std::shared_ptr<engine> engines;
  std::shared_ptr<blocking_pool> pool;
  std::shared_ptr<log_files> logs;
  std::shared_ptr<clock_source> clock;
  std::shared_ptr<worker_figures> figures;
  std::function<void(attempt_result)> ended; ///< Passes a result to its run. Called from the actor.
};

[[nodiscard]] worker_actor spawn_worker(caf::actor_system& sys, worker_setup setup);

} // namespace penstock
