#pragma once

#include "actors/core/entity_core.hpp"
#include "actors/core/pool_records.hpp"
#include "runtime/engines/fair_queue.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <unordered_set>

namespace penstock {

/// Of all pools of a node; read by whoever shows metrics.
struct pool_figures {
  std::atomic<std::int64_t> held{0};
  std::atomic<std::int64_t> waiting{0};
};

/// A pool: how many tasks and items that name it may run at once in a workspace. A lease is put into the store before it is
/// granted and leaves it by the holder's own commit, so none leaks and the limit holds whatever is interrupted when. Who
/// waits is in memory alone; by priority, pipelines taking turns, oldest first (`fair_queue`).
class pool_core final : public entity_core {
public:
  /// Waiting tasks and items beyond this are not noted: their runs are told to ask again when there is room.
  static constexpr std::size_t waiting_max = 100'000;
  /// Grants, and leases taken away with the limit, in one commit.
  static constexpr std::size_t steps_max = 1'000;

  pool_core(const entity_surroundings& around, const uuid& id, std::size_t most_waiting = waiting_max);
  ~pool_core() override;

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  struct lease {
    std::uint32_t attempt = 1;
    std::uint64_t number = 0;
  };
  struct asker {
    std::uint32_t attempt = 1;
  };

  /// Reads the leases; each is granted again, so that a run that has no use for it gives it back.
  void load(proposal& out);
  void take(const ask_pool& command, timestamp now, proposal& out);
  void take(release_lease& command, timestamp now, proposal& out);
  void take(leave_pool& command, timestamp now, proposal& out);
  void take(pool_changed& command, timestamp now, proposal& out);
  /// Lets begin whoever may. @returns whether there is more to do than one commit takes.
  [[nodiscard]] bool let_begin(timestamp now, proposal& out);
  [[nodiscard]] bool let_all_go(proposal& out);
  void call_those_sent_away(proposal& out);
  void grant(const lease_holder& who, lease what, timestamp now, proposal& out);
  void forget(const lease_holder& who, proposal& out);
  void tell(const lease_holder& who, lease what, proposal& out) const;
  void count();

  /// None: the pool has no record, and so no limit.
  [[nodiscard]] std::optional<std::uint32_t> limit() const;
  [[nodiscard]] std::string key_of(const lease_holder& who) const;

  const entity_surroundings& around_;
  const uuid id_;
  const std::size_t waiting_max_;
  bool loaded_ = false;
  bool verified_ = false;         ///< The leases were granted again in what is being decided.
  std::optional<pool_name> name_; ///< Once somebody said it.
  std::map<lease_holder, lease> leases_;
  fair_queue<lease_holder, pipeline_id, asker> queue_;
  std::deque<run_id> sent_away_;                ///< Runs that found the queue full, in that order …
  std::unordered_set<run_id> is_sent_away_;     ///< … and those of them that have not left since.
  std::vector<std::function<void()>> clearing_; ///< To be called when no lease of a pool without a limit is left.
  std::int64_t counted_held_ = 0;
  std::int64_t counted_waiting_ = 0;
};

} // namespace penstock
