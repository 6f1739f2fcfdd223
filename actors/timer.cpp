#include "actors/timer.hpp"

#include "actors/core/timer_core.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <map>

namespace penstock {

namespace {

struct timer_state {
  timer_setup setup;
  std::unique_ptr<timer_core> core;
  std::uint64_t token = 0; ///< Of the one wake-up that counts; a delayed message can't be taken back.
  std::optional<timestamp> wakes_at;

  /// Sees to it that a wake-up comes when the next timer is due.
  template <class Self>
  void plan(Self* self) {
    const auto next = core->next();
    if (!next || (wakes_at && *wakes_at <= *next)) return;
    wakes_at = next;
    const auto delay = std::max(*next - setup.clock->now(), milliseconds{0});
    self->delayed_send(self, delay, wake_atom::value, ++token);
  }

  template <class Self>
  void wake(Self* self) {
    wakes_at.reset();
    std::map<partition_id, due_timers_ptr> due;
    for (const auto& timer : core->take_due(setup.clock->now())) {
      auto& of_partition = due[timer.partition];
      if (!of_partition) of_partition = std::make_shared<std::vector<keys::timer>>();
      of_partition->push_back(timer);
    }
    for (auto& [partition, timers] : due) {
      std::reverse(timers->begin(), timers->end());
      setup.due(partition, std::move(timers));
    }
    plan(self);
  }
};

timer_actor::behavior_type timer(timer_actor::stateful_pointer<timer_state> self, std::shared_ptr<timer_setup> setup) {
  auto& st = self->state;
  st.setup = std::move(*setup);
  st.core = std::make_unique<timer_core>(*st.setup.state, st.setup.partition_count);
  return {
    [self, &st](arm_atom, const keys::timer& t) {
      st.core->arm(t);
      st.plan(self);
    },
    [self, &st](wake_atom, std::uint64_t token) {
      if (token == st.token) st.wake(self);
    },
    [self, &st](refill_atom) {
      st.core->refill(st.setup.clock->now());
      st.plan(self);
      self->delayed_send(self, timer_core::window, refill_atom::value);
    },
  };
}

} // namespace

timer_actor spawn_timer(caf::actor_system& sys, timer_setup setup) {
  return sys.spawn(timer, std::make_shared<timer_setup>(std::move(setup)));
}

} // namespace penstock
