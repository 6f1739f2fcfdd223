#include "actors/partition.hpp"

#include "actors/core/timer_core.hpp"
#include "actors/entity_protocol.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <iterator>
#include <unordered_map>

namespace penstock {

namespace {

constexpr std::chrono::milliseconds sweep_every{200};
/// Then what came meanwhile has its turn, so that the log writer has work from the first one on.
constexpr std::size_t timers_at_once = 128;
/// Schedules that are due soon are no hurry: they are taken into memory at leisure.
constexpr std::size_t notices_at_once = 256;
constexpr std::chrono::milliseconds notice_every{50};

/// The timers that come first.
std::vector<keys::timer> take_first(std::vector<keys::timer>& from, std::size_t count) {
  const auto begin = from.end() - static_cast<std::ptrdiff_t>(std::min(count, from.size()));
  std::vector<keys::timer> out(std::make_reverse_iterator(from.end()), std::make_reverse_iterator(begin));
  from.erase(begin, from.end());
  return out;
}

struct entity_state {
  std::unique_ptr<entity_core> core;
};

entity_actor::behavior_type entity(entity_actor::stateful_pointer<entity_state> self,
                                   std::shared_ptr<std::unique_ptr<entity_core>> core, caf::actor_addr partition) {
  self->state.core = std::move(*core);
  return {
    [self, partition](const entity_letter_ptr& letter) {
      auto decided = std::make_shared<proposal_letter>();
      decided->what = self->state.core->handle(std::move(letter->command), letter->now);
      decided->what->note = std::move(letter->note);
      // By address: an entity must not keep the partition alive that keeps it.
      if (auto owner = caf::actor_cast<partition_actor>(partition)) self->send(owner, std::move(decided));
    },
  };
}

/// The partition's outside, in CAF's terms.
class caf_ports final : public partition_ports {
public:
  caf_ports(partition_actor::pointer self, partition_setup& setup) : self_(self), setup_(setup) {}

  void spawn(const uuid& id, std::unique_ptr<entity_core> core) override {
    auto box = std::make_shared<std::unique_ptr<entity_core>>(std::move(core));
    entities_[id] = self_->spawn<caf::lazy_init>(entity, std::move(box), self_->address());
  }
  void tell(const uuid& id, entity_command command, timestamp now, audit_note_ptr note) override {
    auto letter = std::make_shared<entity_letter>(entity_letter{std::move(command), now, std::move(note)});
    self_->send(entities_.at(id), std::move(letter));
  }
  void drop(const uuid& id) override { entities_.erase(id); }

  void offer(std::shared_ptr<attempt_request> request) override { self_->send(setup_.worker, std::move(request)); }
  void stop_run(run_id run) override { self_->send(setup_.worker, stop_atom::value, run); }
  void reorder_run(run_id run, task_priority priority) override {
    self_->send(setup_.worker, reorder_atom::value, run, static_cast<std::uint8_t>(priority));
  }
  void arm(const keys::timer& timer) override { self_->send(setup_.timers, arm_atom::value, timer); }
  void send(const send_message& message) override { setup_.send(std::make_shared<send_message>(message)); }
  void ask(const ask_child& child) override { setup_.ask(std::make_shared<ask_child>(child)); }
  void changed(run_id run) override { setup_.changed(run); }
  void remove_files(run_id run) override { setup_.remove_files(run); }
  void key_changed(const api_key_record& record) override { setup_.key_changed(record); }
  void system_updated(const std::function<void(system_tables&)>& change) override { setup_.system_updated(change); }
  void deliver(const keys::pending_delivery& delivery) override { setup_.deliver(delivery); }
  void pass(const uuid& entity, entity_command command) override { setup_.pass(entity, std::move(command)); }

private:
  partition_actor::pointer self_;
  partition_setup& setup_;
  std::unordered_map<uuid, entity_actor> entities_;
};

struct partition_state {
  partition_setup setup;
  std::unique_ptr<caf_ports> ports;
  std::unique_ptr<partition_core> core;

  void publish_figures() const {
    const std::lock_guard lock{*setup.figures_mutex};
    *setup.figures = core->figures();
  }
};

partition_actor::behavior_type partition(partition_actor::stateful_pointer<partition_state> self,
                                         std::shared_ptr<partition_setup> setup) {
  auto& st = self->state;
  st.setup = std::move(*setup);
  st.ports = std::make_unique<caf_ports>(self, st.setup);
  st.core = std::make_unique<partition_core>(st.setup.id, *st.setup.around, *st.setup.group, *st.setup.clock,
                                             st.setup.position, *st.ports, st.setup.node_schedules_due);
  self->delayed_send(self, sweep_every, sweep_atom::value);
  return {
    [&st](const submission_ptr& s) {
      st.core->submit(s->entity, std::move(s->command), s->from_client, std::move(s->note));
    },
    [&st](const proposal_ptr& p) { st.core->proposed(std::move(p->what)); },
    [&st](durable_atom, std::uint64_t index) { st.core->durable(index); },
    [self, &st](due_atom, const due_timers_ptr& timers) {
      // The core lets schedules wait by itself.
      const bool all = !timers->empty() && is_of_schedule(timers->back());
      st.core->timers_due(take_first(*timers, all ? timers->size() : timers_at_once));
      if (!timers->empty()) self->send(self, due_atom::value, timers);
    },
    [self, &st](soon_atom, const due_timers_ptr& timers) {
      st.core->timers_soon(take_first(*timers, notices_at_once));
      if (!timers->empty()) self->delayed_send(self, notice_every, soon_atom::value, timers);
    },
    [&st](taken_atom, const std::string& key) { st.core->message_taken(key); },
    [&st](start_atom) { st.core->start(); },
    [self, &st](sweep_atom) {
      st.core->sweep();
      st.publish_figures();
      self->delayed_send(self, sweep_every, sweep_atom::value);
    },
  };
}

} // namespace

partition_actor spawn_partition(caf::actor_system& sys, partition_setup setup) {
  return sys.spawn(partition, std::make_shared<partition_setup>(std::move(setup)));
}

} // namespace penstock
