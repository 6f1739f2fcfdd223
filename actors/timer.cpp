#include "actors/timer.hpp"

#include "actors/core/timer_core.hpp"

#include <caf/all.hpp>

#include <map>
#include <utility>

namespace penstock {

namespace {

constexpr std::chrono::seconds look_every{1};

struct timer_state {
  timer_setup setup;
  std::unique_ptr<timer_core> core;
  std::uint64_t token = 0; ///< Of the one wake-up that counts; a delayed message can't be taken back.
  std::optional<timestamp> wakes_at;
  bool looks = false; ///< Whether it has begun to look ahead.

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
    tell(core->take_due(setup.clock->now()), setup.due);
    plan(self);
  }

  /// Tells each partition of its timers, of those of schedules by themselves.
  static void tell(const std::vector<keys::timer>& timers, const timer_setup::tell_partition& with) {
    std::map<std::pair<partition_id, bool>, due_timers_ptr> shares;
    for (auto timer = timers.rbegin(); timer != timers.rend(); ++timer) {
      auto& share = shares[{timer->partition, is_of_schedule(*timer)}];
      if (!share) share = std::make_shared<std::vector<keys::timer>>();
      share->push_back(*timer);
    }
    for (auto& [whose, share] : shares) with(whose.first, std::move(share));
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
    [self, &st](look_atom) {
      timer_state::tell(st.core->take_notice(st.setup.clock->now()), st.setup.soon);
      self->delayed_send(self, look_every, look_atom::value);
    },
    [self, &st](refill_atom) {
      st.core->refill(st.setup.clock->now());
      st.plan(self);
      if (!std::exchange(st.looks, true)) self->send(self, look_atom::value);
      self->delayed_send(self, timer_core::window, refill_atom::value);
    },
  };
}

} // namespace

timer_actor spawn_timer(caf::actor_system& sys, timer_setup setup) {
  return sys.spawn(timer, std::make_shared<timer_setup>(std::move(setup)));
}

} // namespace penstock
