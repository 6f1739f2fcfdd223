#pragma once

#include "actors/core/delivery_core.hpp"
#include "actors/core/partition_core.hpp"
#include "actors/core/timer_core.hpp"
#include "actors/event_renderer.hpp"
#include "runtime/forward_clock.hpp"
#include "storage/memory_store.hpp"
#include "storage/queued_log.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace penstock::simulation {

/// A node without actors, threads, disk or clock: the cores of its partitions and entities, connected by queues of which a
/// seeded generator picks the next, over a memory store that loses power. The same seed gives the same history.
class simulated_node {
public:
  simulated_node(std::shared_ptr<memory_disk> disk, manual_clock& clock, random_source& random,
                 partition_id partition_count);
  ~simulated_node();

  /// Does one thing that may happen next, picked at random.
  /// @returns false if there is nothing to do but wait for time to pass.
  bool step();
  /// Lets time pass to the next timer, if there is one that is due by `until`; answers whether there was.
  bool pass_time(timestamp until = timestamp::max());
  /// Whether the log writer's next write ends in the middle, as a power failure does. The node is of no use afterwards.
  void fail_next_write(std::size_t pages) { disk_->fail_next_write_after(pages); }
  [[nodiscard]] bool dead() const noexcept { return dead_; }

  void submit(const uuid& entity, entity_command command, audit_note_ptr note = nullptr);
  void sweep();

  [[nodiscard]] store& state() noexcept { return *state_; }
  /// What the worker has and is not done with.
  [[nodiscard]] const std::vector<std::shared_ptr<attempt_request>>& attempts() const noexcept { return attempts_; }
  /// Runs of which attempts left files since this node started that nobody has removed.
  [[nodiscard]] const std::set<run_id>& files() const noexcept { return files_; }
  /// The node's own time, which never runs backwards.
  [[nodiscard]] timestamp now() const { return clock_.now(); }
  /// How many entities are in memory, but for the system's, which stay.
  [[nodiscard]] std::size_t entities() const;
  [[nodiscard]] const entity_surroundings& around() const noexcept { return around_; }
  /// How an attempt ends; called once per attempt that a worker does.
  std::function<attempt_outcome(const attempt_request&)> outcome = [](const attempt_request&) {
    return attempt_outcome::succeeded;
  };
  /// Called when a delivery is posted, and some time later for what its receiver answers.
  std::function<void(delivery_id, const outbound_request&)> posted = [](delivery_id, const outbound_request&) {};
  std::function<result<outbound_response>(const outbound_request&)> receiver = [](const outbound_request&) {
    outbound_response taken;
    taken.status = 200;
    return taken;
  };

private:
  struct ports;
  struct webhook_ports;
  struct told {
    entity_command command;
    timestamp now;
    audit_note_ptr note;
  };
  struct live {
    std::unique_ptr<entity_core> core;
    std::deque<told> inbox;
  };
  struct partition {
    std::unique_ptr<consensus> group;
    std::unique_ptr<ports> out;
    std::unique_ptr<partition_core> core;
    std::deque<std::function<void()>> inbox;
    std::map<uuid, live> entities;
  };
  [[nodiscard]] partition& owner_of(const uuid& entity);
  bool step_entity();
  bool step_partition();
  bool step_writer();
  bool step_worker();
  bool step_webhooks();
  bool step_receiver();
  void tell_parent(run_id parent, child_ended ended);
  void let_pass(milliseconds time);
  void tell_partitions(const std::vector<keys::timer>& timers,
                       void (partition_core::*what)(const std::vector<keys::timer>&));

  std::shared_ptr<memory_disk> disk_;
  manual_clock& wall_;
  random_source& random_;
  std::unique_ptr<store> state_;
  std::chrono::nanoseconds passed_{0}; ///< Since this node started, whatever became of the wall clock.
  forward_clock clock_;
  sealer seals_;
  plan_cache plans_;
  engine_settings engines_;
  event_renderer render_;
  system_registry registry_;
  entity_surroundings around_;
  queued_log log_;
  timer_core timers_;
  std::vector<std::unique_ptr<partition>> partitions_;
  std::vector<std::shared_ptr<attempt_request>> attempts_;
  std::unique_ptr<webhook_ports> webhook_out_;
  std::unique_ptr<delivery_core> deliveries_;
  std::deque<std::function<void()>> webhook_inbox_;
  std::vector<std::pair<delivery_id, outbound_request>> posts_; ///< On their way to receivers.
  std::vector<std::shared_ptr<attempt_request>> stopping_;      ///< Were told to stop, and end all the same.
  std::set<run_id> files_;
  bool dead_ = false;
};

} // namespace penstock::simulation
