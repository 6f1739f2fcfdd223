#include "tests/simulation/simulated_node.hpp"

#include <stdexcept>

namespace penstock::simulation {

namespace {

std::unique_ptr<store> must_open(const std::shared_ptr<memory_disk>& disk) {
  auto opened = open_memory_store(disk);
  if (!opened) throw std::runtime_error("the store does not open: " + opened.error().message);
  return std::move(*opened);
}

const secret_key& fixed_key() {
  static const secret_key key{{1, 2, 3}};
  return key;
}

} // namespace

struct simulated_node::ports final : partition_ports {
  ports(simulated_node& owner, std::size_t number) : node(owner), p(number) {}

  partition& self() { return *node.partitions_[p]; }

  void spawn(const uuid& entity, std::unique_ptr<entity_core> core) override {
    self().entities[entity] = {std::move(core), {}};
  }
  void tell(const uuid& entity, entity_command command, timestamp now) override {
    self().entities.at(entity).inbox.emplace_back(std::move(command), now);
  }
  void drop(const uuid& entity) override { self().entities.erase(entity); }
  void offer(std::shared_ptr<attempt_request> request) override { node.attempts_.push_back(std::move(request)); }
  void stop_run(run_id run) override {
    std::erase_if(node.attempts_, [&](const auto& a) { return a->ref.run == run; });
  }
  void reorder_run(run_id, task_priority) override {}
  void arm(const keys::timer& timer) override { node.timers_.arm(timer); }
  void send(const send_message& message) override {
    auto& receiver = node.owner_of(message.to);
    auto taken = [this, key = message.key] {
      self().inbox.push_back([this, key] { self().core->message_taken(key); });
    };
    receiver.inbox.push_back(
      [&receiver, message, taken] { receiver.core->submit(message.to, with_taken(*message.command, taken), false); });
  }
  void ask(const ask_child& child) override {
    start_run command;
    command.workspace = child.workspace;
    command.parameters = child.what->parameters;
    command.trigger = trigger_kind::parent;
    command.id = child.what->child;
    command.parent = parent_ref{child.parent, child.what->task, child.what->item};
    command.done = [this, child](result<started_run> started) {
      if (!started) node.tell_parent(child, started.error());
    };
    auto& receiver = node.owner_of(child.what->pipeline.raw);
    receiver.inbox.push_back([&receiver, child, command] {
      receiver.core->submit(child.what->pipeline.raw, pipeline_command{command}, false);
    });
  }
  void changed(run_id) override {}
  void remove_files(run_id) override {}
  void key_changed(const api_key_record&) override {}
  void system_updated(const std::function<void(system_tables&)>& change) override { node.registry_.update(change); }
  void deliver(const keys::pending_delivery&) override {}
  void pass(const uuid& entity, entity_command command) override {
    auto& receiver = node.owner_of(entity);
    auto shared = std::make_shared<entity_command>(std::move(command));
    receiver.inbox.push_back([&receiver, entity, shared] { receiver.core->submit(entity, std::move(*shared), false); });
  }

  simulated_node& node;
  std::size_t p;
};

simulated_node::simulated_node(std::shared_ptr<memory_disk> disk, manual_clock& clock, random_source& random,
                               partition_id partition_count)
    : disk_(std::move(disk)), clock_(clock), random_(random), state_(must_open(disk_)),
      seals_(fixed_key()), around_{*state_, seals_, plans_, random_, engines_, partition_count, &registry_},
      timers_(*state_, partition_count) {
  for (partition_id p = 0; p <= partition_count; ++p) {
    auto& made = *partitions_.emplace_back(std::make_unique<partition>());
    const auto position = state_->position(p);
    made.group = make_single_voter(p, position, log_);
    made.out = std::make_unique<ports>(*this, p);
    made.core = std::make_unique<partition_core>(p, around_, *made.group, clock_, position, *made.out);
  }
  if (auto tables = load_system_tables(*state_)) registry_.update([&](system_tables& t) { t = std::move(*tables); });
  timers_.refill(clock_.now());
  for (auto& p : partitions_) p->core->start();
}

simulated_node::~simulated_node() = default;

simulated_node::partition& simulated_node::owner_of(const uuid& entity) {
  if (entity.is_nil()) return *partitions_.front();
  return *partitions_[is_system_entity(entity) ? 0 : partition_of(slot_of(entity), around_.partition_count)];
}

void simulated_node::submit(const uuid& entity, entity_command command) {
  auto& owner = owner_of(entity);
  auto shared = std::make_shared<entity_command>(std::move(command));
  owner.inbox.push_back([&owner, entity, shared] { owner.core->submit(entity, std::move(*shared), true); });
}

void simulated_node::tell_parent(const ask_child& child, const error& why) {
  auto& parent = owner_of(child.parent.raw);
  child_ended ended{child.what->task, child.what->item, child.what->child, run_status::failed, why.message};
  parent.inbox.push_back([&parent, child, ended] {
    parent.core->submit(child.parent.raw, run_message{ended, {}, {}, {}}, false);
  });
}

void simulated_node::sweep() {
  for (auto& p : partitions_) p->core->sweep();
}

bool simulated_node::step() {
  // Starting anywhere, so that no kind of step always comes first.
  const auto first = random_.next() % 4;
  for (std::uint64_t i = 0; i < 4; ++i) {
    bool did = false;
    switch ((first + i) % 4) {
      case 0: did = step_entity(); break;
      case 1: did = step_partition(); break;
      case 2: did = step_writer(); break;
      default: did = step_worker();
    }
    if (did || dead_) return true;
  }
  return false;
}

bool simulated_node::step_entity() {
  std::vector<std::pair<partition*, uuid>> ready;
  for (auto& p : partitions_)
    for (auto& [id, e] : p->entities)
      if (!e.inbox.empty()) ready.emplace_back(p.get(), id);
  if (ready.empty()) return false;
  auto [owner, id] = ready[random_.next() % ready.size()];
  auto& e = owner->entities.at(id);
  auto [command, now] = std::move(e.inbox.front());
  e.inbox.pop_front();
  auto decided = std::make_shared<std::unique_ptr<proposal>>(e.core->handle(std::move(command), now));
  owner->inbox.push_back([owner = owner, decided] { owner->core->proposed(std::move(*decided)); });
  return true;
}

bool simulated_node::step_partition() {
  std::vector<partition*> ready;
  for (auto& p : partitions_)
    if (!p->inbox.empty()) ready.push_back(p.get());
  if (ready.empty()) return false;
  auto* p = ready[random_.next() % ready.size()];
  auto message = std::move(p->inbox.front());
  p->inbox.pop_front();
  message();
  return true;
}

bool simulated_node::step_writer() {
  if (log_.entries.empty()) return false;
  const auto turn = std::exchange(log_.entries, {});
  if (!state_->write_turn(turn)) {
    dead_ = true;
    return true;
  }
  std::map<std::uint16_t, std::uint64_t> durable;
  for (const auto& entry : turn) durable[entry.partition] = entry.index;
  for (const auto& [p, index] : durable) {
    auto* owner = partitions_[p].get();
    owner->inbox.push_back([owner, index = index] { owner->core->durable(index); });
  }
  return true;
}

bool simulated_node::step_worker() {
  if (attempts_.empty()) return false;
  const auto at = random_.next() % attempts_.size();
  const auto request = std::move(attempts_[at]);
  attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(at));
  attempt_ended ended;
  ended.result.ref = request->ref;
  ended.result.outcome = outcome(*request);
  ended.result.why = {errc::task_failed, "simulated failure", {}};
  ended.result.started_at = ended.result.ended_at = clock_.now();
  auto& owner = owner_of(request->ref.run.raw);
  owner.inbox.push_back([&owner, run = request->ref.run, ended] {
    owner.core->submit(run.raw, run_message{ended, {}, {}, {}}, false);
  });
  return true;
}

bool simulated_node::pass_time(timestamp until) {
  timers_.refill(clock_.now());
  const auto next = timers_.next();
  if (!next || *next > until) return false;
  clock_.set(std::max(clock_.now(), *next));
  for (const auto& timer : timers_.take_due(clock_.now())) {
    auto* owner = partitions_[timer.partition].get();
    owner->inbox.push_back([owner, timer] { owner->core->timer_due(timer); });
  }
  return true;
}

} // namespace penstock::simulation
