#pragma once

#include "actors/core/entity_core.hpp"
#include "actors/core/messages.hpp"

#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace penstock {

/// Who counts against a pipeline's `concurrency`, and who waits. A lease is a key in the state: put in the commit that
/// begins a run or lets it begin, and taken out in the commit of its end, by the run. A run that was cancelled in the queue
/// may be let in at that moment: then its lease is put after its end, and taken out here when that is heard of.
class lease_book {
public:
  lease_book(const entity_surroundings& around, pipeline_id owner) : around_(around), owner_(owner) {}

  /// Takes a lease for a run that is being born.
  /// @param limit 0: there is none, and no lease either.
  /// @returns whether it may begin; else it stands in the queue.
  [[nodiscard]] bool take(run_id run, std::uint8_t priority, std::uint32_t limit, proposal& out);
  /// A run ended: what it held is free, or it waits no longer.
  void give_back(run_id run, proposal& out);
  void change_priority(run_id run, std::uint8_t before, std::uint8_t after, proposal& out);
  /// Lets runs of the queue begin, highest priority first, then oldest, as far as there is room.
  void admit(std::uint32_t limit, proposal& out);
  /// Tells runs once more that were let and have not begun. For a partition that was just taken over.
  void let_again(proposal& out);

private:
  using place = std::pair<std::uint8_t, run_id>; ///< 255 - priority, run: the order of `keys::queued_run`.
  [[nodiscard]] static place place_of_run(run_id run, std::uint8_t priority) noexcept {
    return {static_cast<std::uint8_t>(255 - priority), run};
  }
  void load(proposal& out);
  void load_held(proposal& out);
  [[nodiscard]] std::unordered_set<run_id> runs_under_way() const;
  void load_queue();

  const entity_surroundings& around_;
  pipeline_id owner_;
  bool loaded_ = false;
  std::unordered_set<run_id> held_;
  std::unordered_set<run_id> let_; ///< Those of them that were let in from the queue, as far as it is known.
  std::set<place> queue_;
  std::unordered_map<run_id, std::uint8_t> priorities_; ///< Of the queue.
};

} // namespace penstock
