#pragma once

#include "actors/core/delivery_request.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace penstock {

/// What the delivery of webhooks asks of the world around it. Calls return at once; answers come back as calls of the core.
class delivery_ports {
public:
  virtual ~delivery_ports() = default;

  /// Sends an attempt's request; its answer comes to `answered`.
  virtual void post(delivery_id id, outbound_request request) = 0;
  /// Makes outcomes durable; answered by `settled`.
  virtual void settle(partition_id p, std::vector<delivery_outcome> ended) = 0;
  /// Gives up an endpoint's pending deliveries; answered by `dropped` after each step.
  virtual void drop(partition_id p, const uuid& endpoint) = 0;
  /// Disables an endpoint; answered by `disabled`.
  virtual void disable(endpoint_id id, const std::string& because) = 0;
};

/// Numbers for metrics, since the start unless said otherwise.
struct delivery_figures {
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;    ///< Attempts that were answered, but not with success.
  std::uint64_t unanswered = 0; ///< Attempts without an answer.
  std::uint64_t latency_ms = 0; ///< Of all attempts together.
  std::uint64_t in_flight = 0;  ///< Now.
  std::uint64_t ready = 0;      ///< Now, in memory.
};

/// Posts the deliveries of a node's partitions. What is pending is in the store, by endpoint and due time; held in memory is
/// the little that is to be posted next, for each endpoint apart, so that none waits for another. Knows no actor; used from
/// one thread at a time.
class delivery_core {
public:
  delivery_core(const entity_surroundings& around, delivery_ports& ports);

  /// Takes up what was pending when the node stopped.
  void start(timestamp now);
  /// A delivery that was just made durable as pending.
  void noticed(const keys::pending_delivery& delivery, timestamp now);
  /// Calls with `errc::cancelled` mean that the node stops, and are ignored.
  void answered(delivery_id id, const result<outbound_response>& response, timestamp now);
  void settled(partition_id p, const result<void>& stored, timestamp now);
  void dropped(partition_id p, const uuid& endpoint, const result<bool>& more, timestamp now);
  void disabled(endpoint_id id, timestamp now);
  /// The system tables have changed.
  void registry_changed(timestamp now);
  /// Time has come to what `next_wake` said.
  void wake(timestamp now);
  [[nodiscard]] std::optional<timestamp> next_wake() const;

  [[nodiscard]] const delivery_figures& figures() const noexcept { return figures_; }

private:
  struct waiting_delivery {
    partition_id partition = 0;
    delivery_id id;
  };
  /// An endpoint with pending deliveries, now or before.
  struct lane {
    std::deque<waiting_delivery> ready; ///< Due.
    /// By partition, the earliest due time of those that are in the store alone.
    std::map<partition_id, timestamp> unread;
    std::size_t in_flight = 0;
    std::size_t window = 4; ///< How many may be in flight: grows with answers, shrinks without.
    std::optional<timestamp> alarm;
    bool queued = false;              ///< Stands in `turns_` or `first_turns_`.
    bool closing = false;             ///< Is being disabled: nothing more is sent.
    std::set<partition_id> dropping;  ///< Where a step is under way.
    std::set<partition_id> drop_next; ///< Where one has to follow it.
  };
  /// A delivery that this core has taken from the store and that is still pending there.
  struct held_delivery {
    uuid endpoint;
    partition_id partition = 0;
    timestamp sent_at{};
    bool in_flight = false;
  };
  /// A partition's outcomes on their way to the disk, a batch at a time.
  struct settling {
    std::vector<delivery_outcome> waiting;
    std::vector<delivery_outcome> under_way;
    bool busy = false;
    std::optional<timestamp> retry_at;
  };

  void note_unread(lane& l, partition_id p, timestamp due);
  void make_ready(const uuid& endpoint, lane& l, waiting_delivery d);
  /// Reads what is due from the store as far as there is room, and sets the alarm for the rest.
  void refill(const uuid& endpoint, lane& l, timestamp now);
  /// @returns whether all that is due was read.
  bool refill_from(const uuid& endpoint, lane& l, partition_id p, timestamp now);
  void set_alarm(const uuid& endpoint, lane& l, std::optional<timestamp> at);
  void queue(const uuid& endpoint, lane& l);
  void pump(timestamp now);
  void send_next(const uuid& endpoint, lane& l, timestamp now);
  [[nodiscard]] result<delivery_content> read_content(partition_id p, delivery_id id) const;
  void begin_drop(const uuid& endpoint, lane& l);
  void drop_more(const uuid& endpoint, lane& l);
  void forget_if_idle(const uuid& endpoint);
  void settle_later(partition_id p, delivery_outcome outcome);
  void flush(partition_id p, timestamp now);
  void count(const delivery_attempt& attempt);
  [[nodiscard]] bool may_send(const lane& l) const noexcept;
  [[nodiscard]] bool is_full(const lane& l) const noexcept;

  const entity_surroundings& around_;
  const webhook_settings& limits_;
  delivery_ports& ports_;
  std::unordered_map<uuid, lane> lanes_;
  std::unordered_map<delivery_id, held_delivery> held_;
  std::set<std::pair<timestamp, uuid>> alarms_;
  std::deque<uuid> first_turns_; ///< Lanes with something to send and nothing in flight.
  std::deque<uuid> turns_;       ///< The others with something to send.
  std::vector<settling> settling_;
  std::size_t outcomes_ = 0;                                        ///< In `settling_`.
  std::unordered_map<uuid, std::vector<delivery_outcome>> parting_; ///< Outcomes that wait for `disabled`.
  delivery_figures figures_;
};

} // namespace penstock
