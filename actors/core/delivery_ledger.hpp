#pragma once

#include "actors/core/entity_core.hpp"

#include <optional>
#include <string>
#include <unordered_map>

namespace penstock {

/// The entity that keeps a partition's deliveries. Its id lies in the partition's first slot.
[[nodiscard]] uuid ledger_of(partition_id p, partition_id partition_count) noexcept;

/// All deliveries of a partition: what became of each attempt, and what follows from it. Events and new deliveries are
/// written by what they report; from then on this is who alone changes them.
class delivery_ledger final : public entity_core {
public:
  delivery_ledger(const entity_surroundings& around, const uuid& id);

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  using found = std::optional<delivery_record>;

  void settle(const delivery_outcome& ended, timestamp now, proposal& out);
  [[nodiscard]] result<delivery_record> make_pending(const redeliver& command, timestamp now, proposal& out);
  /// @returns whether there are more.
  [[nodiscard]] bool drop(const uuid& endpoint, proposal& out);
  /// @returns where to go on; empty: nothing is left.
  [[nodiscard]] std::string clear(const clear_events& command, proposal& out);
  /// Nothing if one of its deliveries is pending.
  void clear_event(const event_record& event, proposal& out);

  /// As it is once everything decided so far is durable.
  [[nodiscard]] found find(delivery_id id) const;
  void store(const delivery_record& record, proposal& out);
  void set_pending(delivery_record& record, timestamp due, proposal& out);
  void end_pending(delivery_record& record, delivery_status as, proposal& out);
  void forget_stored();

  const entity_surroundings& around_;
  uuid id_;
  partition_id partition_;
  /// What was decided since this core lives; nothing: cleared. The store follows.
  std::unordered_map<delivery_id, found> changed_;
  std::size_t forget_at_;
};

} // namespace penstock
