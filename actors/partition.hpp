#pragma once

#include "actors/core/partition_core.hpp"
#include "actors/partition_protocol.hpp"
#include "actors/timer_protocol.hpp"
#include "actors/worker_protocol.hpp"

#include <caf/fwd.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

namespace penstock {

/// What a partition's shell is connected to. The functions may be called from any thread.
struct partition_setup {
  partition_id id = 0;
  const entity_surroundings* around = nullptr;
  std::shared_ptr<consensus> group;
  std::shared_ptr<clock_source> clock;
  store::partition_position position;
  std::atomic<std::size_t>* node_schedules_due = nullptr; ///< As `partition_core` takes it.
  worker_actor worker;
  timer_actor timers;
  std::function<void(message_ptr)> send;
  std::function<void(child_ptr)> ask;
  std::function<void(run_id)> changed;
  std::function<void(run_id)> remove_files;
  std::function<void(const api_key_record&)> key_changed;
  std::function<void(const std::function<void(system_tables&)>&)> system_updated;
  std::function<void(const keys::pending_delivery&)> deliver;
  std::function<void(const uuid&, entity_command)> pass; ///< To whatever partition owns the entity.
  std::shared_ptr<partition_figures> figures;            ///< Kept up to date for metrics, under the mutex.
  std::shared_ptr<std::mutex> figures_mutex;
};

[[nodiscard]] partition_actor spawn_partition(caf::actor_system& sys, partition_setup setup);

} // namespace penstock
