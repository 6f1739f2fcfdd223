#pragma once

#include "actors/core/due_schedules.hpp"
#include "actors/core/entity_core.hpp"
#include "actors/core/held_attempts.hpp"
#include "actors/core/repeated_requests.hpp"
#include "actors/core/waiting_clients.hpp"
#include "cluster/consensus.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace penstock {

/// What a partition asks of the world around it. Calls return at once; answers come back as messages.
class partition_ports {
public:
  virtual ~partition_ports() = default;

  /// Makes an entity live: a core of its own, or one that was just born.
  virtual void spawn(const uuid& entity, std::unique_ptr<entity_core> core) = 0;
  /// Hands a live entity a command; its proposal comes back to `partition_core::proposed`, one each and in order, with the
  /// command's note.
  virtual void tell(const uuid& entity, entity_command command, timestamp now, audit_note_ptr note) = 0;
  /// Ends a live entity that has nothing to do, or whose place another takes.
  virtual void drop(const uuid& entity) = 0;

  virtual void offer(std::shared_ptr<attempt_request> request) = 0;
  virtual void stop_run(run_id run) = 0;
  virtual void reorder_run(run_id run, task_priority priority) = 0;
  virtual void arm(const keys::timer& timer) = 0;
  /// Gives a command to another run, in whatever partition; `taken` comes back to this partition's `message_taken`.
  virtual void send(const send_message& message) = 0;
  /// Asks the child's pipeline for a run; a refusal, or the end of one that is over, comes back as a `child_ended` for the
  /// parent.
  virtual void ask(const ask_child& child) = 0;
  virtual void changed(run_id run) = 0;
  virtual void remove_files(run_id run) = 0;
  virtual void key_changed(const api_key_record& record) = 0;
  virtual void system_updated(const std::function<void(system_tables&)>& change) = 0;
  virtual void deliver(const keys::pending_delivery& delivery) = 0;
  /// Gives a command to an entity of whatever partition.
  virtual void pass(const uuid& entity, entity_command command) = 0;
};

struct partition_limits {
  std::size_t commands_under_way_max = 8'192; ///< Of clients, told and not answered yet.
  std::size_t entries_under_way_max = 16'384; ///< Proposed and not committed yet.
  milliseconds lasting{60'000};               ///< How long a pipeline stays in memory after its last command.
  /// With more commands under way than this, or schedules of the whole node that are due, deciding goes before doing:
  /// attempts are held back, for so long at most.
  std::size_t commands_before_attempts = 1'000;
  milliseconds attempts_held_max{2'000};
  /// Schedules that fire at a time: enough to keep the log writer busy from the first one on, and few enough that what
  /// becomes of them does not fill the memory.
  std::size_t schedules_firing_max = 3'072;
};

struct partition_figures {
  std::size_t entities = 0;
  std::size_t commands_under_way = 0;
  std::size_t entries_under_way = 0;
  std::uint64_t committed = 0; ///< Entries.
  std::uint64_t refused = 0;   ///< Commands turned away at the limit.
  figure_histogram lateness;   ///< Of schedules: from due times to runs that are on the disk.
};

/// The latest time in the log of any partition: the node's clock goes on from there.
[[nodiscard]] timestamp latest_clock(const store& state, partition_id partitions);

/// A partition: routes commands to its entities, hands their proposals to consensus, and lets replies and effects go only
/// when what they rest on is durable. Knows no actor; used from one thread at a time.
class partition_core {
public:
  /// @param node_schedules_due counts those of all the node's partitions that are due and not fired yet; null: nobody
  /// does.
  partition_core(partition_id id, const entity_surroundings& around, consensus& group, const clock_source& clock,
                 store::partition_position position, partition_ports& ports,
                 std::atomic<std::size_t>* node_schedules_due = nullptr, partition_limits limits = {});

  /// Takes up what was under way: active runs, the outbox, and timers are told or sent again.
  void start();

  /// A client's or another entity's command. A client's beyond the limit is refused with `errc::unavailable`.
  /// What it changes is written to the audit log in the same commit, if there is a note.
  void submit(const uuid& entity, entity_command command, bool from_client, audit_note_ptr note = nullptr);

  /// An entity's proposal.
  void proposed(std::unique_ptr<proposal> p);

  /// Entries up to `index` are on the disk.
  void durable(std::uint64_t index);

  void timers_due(const std::vector<keys::timer>& due);
  /// Schedules with these timers are due soon.
  void timers_soon(const std::vector<keys::timer>& soon);
  /// The receiver of an outbox message has made it durable.
  void message_taken(const std::string& key);
  /// Several times a second: drops entities that were idle for long, takes out messages that were taken, answers clients
  /// whose wait for a run's end is over.
  void sweep();

  [[nodiscard]] partition_figures figures() const;
  [[nodiscard]] partition_id id() const noexcept { return id_; }

private:
  struct live_entity {
    std::uint64_t life = 0; ///< Told from earlier cores of the same id, whose late proposals mean nothing.
    std::uint64_t told = 0; ///< Commands whose proposal has not come back.
    std::uint64_t uncommitted = 0;
    bool keep = false;
    bool lasting = false;
    bool resting = false; ///< Has its entry in `resting_`.
    timestamp last_told;
    std::unique_ptr<entity_core> asleep; ///< Was born and not told anything yet: many a run is over before that costs.
  };
  /// What waits for an entry to become durable.
  struct pending_entry {
    std::uint64_t index = 0;
    std::unique_ptr<proposal> what;
    std::vector<std::pair<uuid, std::uint64_t>> born; ///< With their lives.
  };

  [[nodiscard]] timestamp now();
  /// Pools with a limit see to their leases.
  void start_pools();
  void tell(const uuid& entity, entity_command command, audit_note_ptr note);
  [[nodiscard]] bool refuse_at_limit(entity_command& command);
  void count_client(entity_command& command);

  /// Adds to a proposal the entries of the audit log that it makes.
  void write_audit(proposal& p, timestamp at) const;
  void carry_out(pending_entry entry);
  void lose(proposal& p, const error& why);
  void perform(entity_effect& effect, timestamp at);
  using live_entities = std::unordered_map<uuid, live_entity>;
  /// Makes an entity live, whatever stood under its id before; asleep until it is told something.
  live_entity& bear(const uuid& entity, std::unique_ptr<entity_core> core);
  void drop(live_entities::iterator it);
  /// One proposal less is on its way; an entity without any, and nothing to do, is dropped.
  void committed(const uuid& entity, std::uint64_t life);
  void settle_entity(const uuid& entity);
  void drop_idle(timestamp at);

  [[nodiscard]] bool is_behind() const noexcept {
    return told_ + pending_.size() + due_.size() > limits_.commands_before_attempts;
  }
  void offer(std::shared_ptr<attempt_request> request, timestamp at);
  /// Offers what was held back since before `since`.
  void release_attempts(timestamp since);
  void stop_attempts_of(run_id run);
  void reorder_attempts_of(run_id run, task_priority priority);
  void timer_due(const keys::timer& timer);
  /// Fires schedules that are due, as many as may be under way.
  void fire_due();
  void fired(const proposal& p) { due_.firing(-static_cast<std::ptrdiff_t>(p.due)); }
  /// Those of schedules, by pipeline. One whose schedule is gone is taken out.
  [[nodiscard]] std::map<uuid, std::vector<keys::timer>> by_pipeline(const std::vector<keys::timer>& timers);
  void expire_request(const keys::timer& timer);
  void propose_own(mutation_batch mutations);

  partition_id id_;
  const entity_surroundings& around_;
  consensus& group_;
  const clock_source& clock_;
  partition_ports& ports_;
  partition_limits limits_;

  timestamp clock_high_;
  std::uint64_t last_index_;
  std::uint64_t committed_;
  pipeline_standings standings_;
  std::deque<pending_entry> pending_;
  live_entities live_;
  std::uint64_t lives_ = 0; ///< Given out.
  /// The lasting ones, with a time before which none was told last: about in this order, so that a sweep looks at few.
  std::deque<std::pair<timestamp, uuid>> resting_;
  waiting_clients waiting_;
  repeated_requests requests_;
  std::vector<std::string> taken_; ///< Outbox keys to take out.
  held_attempts held_;
  std::size_t told_ = 0; ///< Of all entities together.
  due_schedules due_;
  std::size_t commands_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t refused_ = 0;
  figure_histogram lateness_;
};

} // namespace penstock
