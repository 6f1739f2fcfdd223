#include "actors/auditor.hpp"

#include "actors/core/audit_ledger.hpp"

#include <caf/all.hpp>

#include <map>
#include <set>

namespace penstock {

namespace {

constexpr std::chrono::milliseconds sweep_every{500};
constexpr milliseconds clear_every{10 * 60'000};

struct auditor_state {
  auditor_setup setup;
  timestamp clears_at{};
  std::set<partition_id> clearing; ///< Where old entries are being cleared.

  void submit(partition_id p, audit_command command) const {
    setup.submit(audit_ledger_of(p, setup.partition_count), std::move(command));
  }

  void keep_refusals() const {
    std::map<partition_id, std::vector<audit_entry>> by_partition;
    for (auto& entry : setup.refusals->take(setup.clock->now()))
      by_partition[partition_of(slot_of(entry.workspace.raw), setup.partition_count)].push_back(std::move(entry));
    for (auto& [p, entries] : by_partition) submit(p, penstock::keep_refusals{std::move(entries)});
  }

  void clear(const auditor_actor& self, partition_id p, std::string from) const {
    clear_audit command{setup.clock->now() - setup.retention, std::move(from), {}};
    command.done = [self, p](result<std::string> next) {
      caf::anon_send(self, std::make_shared<audit_cleared>(audit_cleared{p, std::move(next)}));
    };
    submit(p, std::move(command));
  }

  void sweep(const auditor_actor& self) {
    keep_refusals();
    if (setup.retention.count() == 0 || setup.clock->now() < clears_at) return;
    clears_at = setup.clock->now() + clear_every;
    for (partition_id p = 0; p <= setup.partition_count; ++p)
      if (clearing.insert(p).second) clear(self, p, {});
  }

  void clear_on(const auditor_actor& self, const audit_cleared& step) {
    if (step.next && !step.next->empty()) clear(self, step.partition, *step.next);
    else clearing.erase(step.partition);
  }
};

auditor_actor::behavior_type auditor(auditor_actor::stateful_pointer<auditor_state> self,
                                     std::shared_ptr<auditor_setup> setup) {
  auto& st = self->state;
  st.setup = std::move(*setup);
  self->send(self, sweep_atom::value);
  return {
    [self, &st](const audit_cleared_ptr& step) { st.clear_on(self, *step); },
    [self, &st](sweep_atom) {
      st.sweep(self);
      self->delayed_send(self, sweep_every, sweep_atom::value);
    },
  };
}

} // namespace

auditor_actor spawn_auditor(caf::actor_system& sys, auditor_setup setup) {
  return sys.spawn(auditor, std::make_shared<auditor_setup>(std::move(setup)));
}

} // namespace penstock
