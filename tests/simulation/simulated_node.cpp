#include "tests/simulation/simulated_node.hpp"

#include "actors/core/child_runs.hpp"

#include <algorithm>
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
    const auto rest = std::stable_partition(node.attempts_.begin(), node.attempts_.end(),
                                            [&](const auto& a) { return a->ref.run != run; });
    node.stopping_.insert(node.stopping_.end(), rest, node.attempts_.end());
    node.attempts_.erase(rest, node.attempts_.end());
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
    auto asked = child;
    auto command = start_of_child(asked);
    command.done = [this, child](const result<started_run>& answer) {
      if (auto ended = end_of_child(child, answer)) node.tell_parent(child.parent, std::move(*ended));
    };
    auto& receiver = node.owner_of(child.what->pipeline.raw);
    receiver.inbox.push_back([&receiver, child, command] {
      receiver.core->submit(child.what->pipeline.raw, pipeline_command{command}, false);
    });
  }
  void changed(run_id) override {}
  void remove_files(run_id run) override { node.files_.erase(run); }
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
    : disk_(std::move(disk)), wall_(clock), random_(random), state_(must_open(disk_)),
      clock_(
        std::shared_ptr<const clock_source>{std::shared_ptr<void>{}, &wall_}, [this] { return passed_; },
        latest_clock(*state_, partition_count)),
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

void simulated_node::tell_parent(run_id parent, child_ended ended) {
  auto& owner = owner_of(parent.raw);
  owner.inbox.push_back([&owner, parent, ended = std::move(ended)] {
    owner.core->submit(parent.raw, run_message{ended, {}, {}, {}}, false);
  });
}

std::size_t simulated_node::entities() const {
  std::size_t n = 0;
  for (std::size_t p = 1; p < partitions_.size(); ++p) n += partitions_[p]->core->figures().entities;
  return n;
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
  if (attempts_.empty() && stopping_.empty()) return false;
  auto& from = attempts_.empty() || (!stopping_.empty() && random_.next() % 2 == 0) ? stopping_ : attempts_;
  const auto at = random_.next() % from.size();
  const auto request = std::move(from[at]);
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
  files_.insert(request->ref.run);
  attempt_ended ended;
  ended.result.ref = request->ref;
  // One that is told to stop may be done already.
  const bool was_stopped = &from == &stopping_ && random_.next() % 2 == 0;
  ended.result.outcome = was_stopped ? attempt_outcome::cancelled : outcome(*request);
  ended.result.why = {errc::task_failed, "simulated failure", {}};
  ended.result.started_at = ended.result.ended_at = clock_.now();
  auto& owner = owner_of(request->ref.run.raw);
  owner.inbox.push_back([&owner, run = request->ref.run, ended] {
    owner.core->submit(run.raw, run_message{ended, {}, {}, {}}, false);
  });
  return true;
}

void simulated_node::let_pass(milliseconds time) {
  wall_.advance(time);
  passed_ += time;
}

bool simulated_node::pass_time(timestamp until) {
  timers_.refill(clock_.now());
  const auto next = timers_.next();
  if (!next || *next > until) return false;
  // A clock that is ahead of the wall clock takes longer.
  while (clock_.now() < *next) let_pass(*next - clock_.now());
  for (const auto& timer : timers_.take_due(clock_.now())) {
    auto* owner = partitions_[timer.partition].get();
    owner->inbox.push_back([owner, timer] { owner->core->timer_due(timer); });
  }
  return true;
}

} // namespace penstock::simulation
