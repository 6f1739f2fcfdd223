#pragma once

#include "runtime/plan/plan.hpp"

#include <array>
#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace penstock {

/// The priorities as places of an array, HIGH first.
inline constexpr std::array<task_priority, 3> priorities_in_order{task_priority::high, task_priority::normal,
                                                                  task_priority::low};
[[nodiscard]] constexpr std::size_t place_of(task_priority p) noexcept {
  return static_cast<std::size_t>(task_priority::high) - static_cast<std::size_t>(p);
}
/// Counts by priority, at `place_of`.
using counts_by_priority = std::array<std::size_t, 3>;

/// Those who wait for something scarce, and whose turn it is: HIGH before NORMAL before LOW, but nobody for ever: while all
/// three wait, of 13 turns HIGH gets 8, NORMAL 4 and LOW 1. Within a priority the groups (workspaces, pipelines) take turns,
/// whoever has more waiting, and within a group the oldest is first. Every step costs the logarithm of what waits. Not
/// thread-safe.
template <class Id, class Group, class T>
class fair_queue {
public:
  struct entry {
    Id id;
    Group group;
    T what;
  };

  void push(Id id, Group group, task_priority priority, T what) {
    std::list<node> one;
    one.push_back({{std::move(id), std::move(group), std::move(what)}, place_of(priority)});
    index_.emplace(one.front().id, one.begin());
    append(one);
  }

  /// Takes out whose turn it is; nothing if nobody waits.
  [[nodiscard]] std::optional<entry> pop() {
    if (index_.empty()) return std::nullopt;
    auto& lane = lanes_[next_lane()];
    const auto group = lane.groups.find(lane.turns.front());
    // The group's next turn comes behind the others'.
    lane.turns.splice(lane.turns.end(), lane.turns, lane.turns.begin());
    return take_out(group->second.waiting.begin());
  }

  /// Takes somebody out of turn; nothing if it does not wait.
  [[nodiscard]] std::optional<entry> take(const Id& id) {
    const auto at = index_.find(id);
    if (at == index_.end()) return std::nullopt;
    return take_out(at->second);
  }

  /// Lets somebody wait with another priority, behind those of its group who already do.
  void move(const Id& id, task_priority priority) {
    const auto at = index_.find(id);
    if (at == index_.end() || at->second->lane == place_of(priority)) return;
    std::list<node> one;
    unlink(at->second, one);
    one.front().lane = place_of(priority);
    append(one);
  }

  [[nodiscard]] bool contains(const Id& id) const { return index_.contains(id); }
  /// What waits under `id`; null if nothing does.
  [[nodiscard]] T* find(const Id& id) {
    const auto at = index_.find(id);
    return at == index_.end() ? nullptr : &at->second->what;
  }

  /// The ids from `from` on, ascending, as long as `belongs(id)` holds: those of one run, say.
  template <class F>
  [[nodiscard]] std::vector<Id> ids_from(const Id& from, F belongs) const {
    std::vector<Id> out;
    for (auto at = index_.lower_bound(from); at != index_.end() && belongs(at->first); ++at) out.push_back(at->first);
    return out;
  }

  [[nodiscard]] bool empty() const noexcept { return index_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
  [[nodiscard]] counts_by_priority sizes() const noexcept { return {lanes_[0].size, lanes_[1].size, lanes_[2].size}; }

private:
  static constexpr std::array<unsigned, 3> shares{8, 4, 1};

  struct node : entry {
    std::size_t lane = 0;
  };
  using place = typename std::list<node>::iterator;
  struct waiting_group {
    std::list<node> waiting;                  ///< Never empty.
    typename std::list<Group>::iterator turn; ///< In `turns` of its lane.
  };
  struct lane {
    std::map<Group, waiting_group> groups;
    std::list<Group> turns; ///< Of `groups`, in the order of their turns.
    std::size_t size = 0;
    unsigned turns_left = 0; ///< Before those of lower priority get theirs.
  };

  [[nodiscard]] std::size_t next_lane() noexcept {
    for (int round = 0;; ++round) {
      for (std::size_t i = 0; i < lanes_.size(); ++i)
        if (lanes_[i].size > 0 && lanes_[i].turns_left > 0) {
          --lanes_[i].turns_left;
          return i;
        }
      for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].turns_left = shares[i];
    }
  }

  void append(std::list<node>& one) {
    const auto at = one.begin();
    auto& lane = lanes_[at->lane];
    ++lane.size;
    const auto [group, fresh] = lane.groups.try_emplace(at->group);
    if (fresh) group->second.turn = lane.turns.insert(lane.turns.end(), at->group);
    group->second.waiting.splice(group->second.waiting.end(), one);
  }

  void unlink(place at, std::list<node>& into) {
    auto& lane = lanes_[at->lane];
    --lane.size;
    const auto group = lane.groups.find(at->group);
    into.splice(into.end(), group->second.waiting, at);
    if (!group->second.waiting.empty()) return;
    lane.turns.erase(group->second.turn);
    lane.groups.erase(group);
  }

  [[nodiscard]] entry take_out(place at) {
    // Several may wait under one id.
    auto [known, end] = index_.equal_range(at->id);
    while (known != end && known->second != at) ++known;
    index_.erase(known);
    std::list<node> one;
    unlink(at, one);
    return std::move(one.front());
  }

  std::array<lane, 3> lanes_; ///< By `place_of` their priority.
  std::multimap<Id, place> index_;
};

} // namespace penstock
