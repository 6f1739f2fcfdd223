#include "actors/gateway.hpp"

#include "actors/core/child_runs.hpp"

#include <caf/all.hpp>

namespace penstock {

namespace {

struct gateway_state {
  std::vector<partition_actor> partitions;

  [[nodiscard]] const partition_actor& owner_of(const uuid& id) const {
    if (is_system_entity(id)) return partitions.front();
    return partitions[partition_of(slot_of(id), static_cast<partition_id>(partitions.size() - 1))];
  }
};

submission_ptr to_run(run_id run, run_command command) {
  return std::make_shared<submission>(submission{run.raw, run_message{std::move(command), {}, {}, {}}, false});
}

submission_ptr start_of(const child_ptr& child, const partition_actor& parent) {
  auto command = start_of_child(*child);
  command.done = [child, parent](const result<started_run>& answer) {
    if (auto ended = end_of_child(*child, answer)) caf::anon_send(parent, to_run(child->parent, std::move(*ended)));
  };
  return std::make_shared<submission>(
    submission{child->what->pipeline.raw, pipeline_command{std::move(command)}, false});
}

gateway_actor::behavior_type gateway(gateway_actor::stateful_pointer<gateway_state> self,
                                     std::vector<partition_actor> partitions) {
  auto& st = self->state;
  st.partitions = std::move(partitions);
  return {
    [self, &st](const submission_ptr& s) { self->send(st.owner_of(s->entity), s); },
    [self, &st](const child_ptr& child) {
      self->send(st.owner_of(child->what->pipeline.raw), start_of(child, st.owner_of(child->parent.raw)));
    },
    [self, &st](const message_ptr& message) {
      const auto p = static_cast<std::size_t>(static_cast<std::uint8_t>(message->key[0]) << 8 |
                                              static_cast<std::uint8_t>(message->key[1]));
      auto taken = [sender = st.partitions.at(p), key = message->key] {
        caf::anon_send(sender, taken_atom::value, key);
      };
      self->send(st.owner_of(message->to), std::make_shared<submission>(submission{
                                             message->to, with_taken(*message->command, std::move(taken)), false}));
    },
  };
}

} // namespace

gateway_actor spawn_gateway(caf::actor_system& sys, std::vector<partition_actor> partitions) {
  return sys.spawn(gateway, std::move(partitions));
}

} // namespace penstock
