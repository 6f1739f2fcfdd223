#include "tests/simulation/simulated_node.hpp"

#include "actors/core/child_runs.hpp"
#include "actors/core/delivery_ledger.hpp"

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

/// Events say which run or pipeline they are about, and nothing else.
event_renderer plain_renderer() {
  const auto of_run = [](const run_view& run) { return '"' + to_text(run.record.id) + '"'; };
  const auto of_pipeline = [](const pipeline_view& pipeline) { return '"' + to_text(pipeline.record.id) + '"'; };
  return {of_run, of_run, of_pipeline, of_run};
}

} // namespace

struct simulated_node::ports final : partition_ports {
  ports(simulated_node& owner, std::size_t number) : node(owner), p(number) {}

  partition& self() { return *node.partitions_[p]; }

  void spawn(const uuid& entity, std::unique_ptr<entity_core> core) override {
    self().entities[entity] = {std::move(core), {}};
  }
  void tell(const uuid& entity, entity_command command, timestamp now, audit_note_ptr note) override {
    self().entities.at(entity).inbox.push_back({std::move(command), now, std::move(note)});
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
  void system_updated(const std::function<void(system_tables&)>& change) override {
    node.registry_.update(change);
    node.webhook_inbox_.push_back([this] { node.deliveries_->registry_changed(node.clock_.now()); });
  }
  void deliver(const keys::pending_delivery& delivery) override {
    node.webhook_inbox_.push_back([this, delivery] { node.deliveries_->noticed(delivery, node.clock_.now()); });
  }
  void pass(const uuid& entity, entity_command command) override {
    auto& receiver = node.owner_of(entity);
    auto shared = std::make_shared<entity_command>(std::move(command));
    receiver.inbox.push_back([&receiver, entity, shared] { receiver.core->submit(entity, std::move(*shared), false); });
  }

  simulated_node& node;
  std::size_t p;
};

struct simulated_node::webhook_ports final : delivery_ports {
  explicit webhook_ports(simulated_node& owner) : node(owner) {}

  void post(delivery_id id, outbound_request request) override {
    node.posted(id, request);
    node.posts_.emplace_back(id, std::move(request));
  }
  void settle(partition_id p, std::vector<delivery_outcome> ended) override {
    tell_ledger(p, settle_deliveries{std::move(ended), [this, p](const result<void>& stored) {
                                       hear([this, p, stored] { core().settled(p, stored, now()); });
                                     }});
  }
  void drop(partition_id p, const uuid& endpoint) override {
    tell_ledger(p, drop_deliveries{endpoint, [this, p, endpoint](const result<bool>& more) {
                                     hear([this, p, endpoint, more] { core().dropped(p, endpoint, more, now()); });
                                   }});
  }
  void disable(endpoint_id id, const std::string& because) override {
    node.submit(system_entity, disable_endpoint(id, because, [this, id](const result<void>&) {
                  hear([this, id] { core().disabled(id, now()); });
                }));
  }

  [[nodiscard]] delivery_core& core() { return *node.deliveries_; }
  [[nodiscard]] timestamp now() const { return node.clock_.now(); }
  void hear(std::function<void()> news) { node.webhook_inbox_.push_back(std::move(news)); }
  void tell_ledger(partition_id p, delivery_command command) {
    node.submit(ledger_of(p, node.around_.partition_count), std::move(command));
  }

  simulated_node& node;
};

simulated_node::simulated_node(std::shared_ptr<memory_disk> disk, manual_clock& clock, random_source& random,
                               partition_id partition_count)
    : disk_(std::move(disk)), wall_(clock), random_(random), state_(must_open(disk_)),
      clock_(
        std::shared_ptr<const clock_source>{std::shared_ptr<void>{}, &wall_}, [this] { return passed_; },
        latest_clock(*state_, partition_count)),
      seals_(fixed_key()), render_(plain_renderer()), around_{*state_,  seals_,          plans_,     random_,
                                                              engines_, partition_count, &registry_, &render_},
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
  webhook_out_ = std::make_unique<webhook_ports>(*this);
  deliveries_ = std::make_unique<delivery_core>(around_, *webhook_out_);
  webhook_inbox_.push_back([this] { deliveries_->start(clock_.now()); });
}

simulated_node::~simulated_node() = default;

simulated_node::partition& simulated_node::owner_of(const uuid& entity) {
  if (entity.is_nil()) return *partitions_.front();
  return *partitions_[is_system_entity(entity) ? 0 : partition_of(slot_of(entity), around_.partition_count)];
}

void simulated_node::submit(const uuid& entity, entity_command command, audit_note_ptr note) {
  auto& owner = owner_of(entity);
  auto shared = std::make_shared<entity_command>(std::move(command));
  owner.inbox.push_back([&owner, entity, shared, note] { owner.core->submit(entity, std::move(*shared), true, note); });
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
  constexpr std::uint64_t kinds = 6;
  const auto first = random_.next() % kinds;
  for (std::uint64_t i = 0; i < kinds; ++i) {
    bool did = false;
    switch ((first + i) % kinds) {
      case 0: did = step_entity(); break;
      case 1: did = step_partition(); break;
      case 2: did = step_writer(); break;
      case 3: did = step_webhooks(); break;
      case 4: did = step_receiver(); break;
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
  auto letter = std::move(e.inbox.front());
  e.inbox.pop_front();
  auto decided = std::make_shared<std::unique_ptr<proposal>>(e.core->handle(std::move(letter.command), letter.now));
  (*decided)->note = std::move(letter.note);
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

bool simulated_node::step_webhooks() {
  if (webhook_inbox_.empty()) return false;
  const auto message = std::move(webhook_inbox_.front());
  webhook_inbox_.pop_front();
  message();
  return true;
}

bool simulated_node::step_receiver() {
  if (posts_.empty()) return false;
  const auto at = random_.next() % posts_.size();
  const auto [id, request] = std::move(posts_[at]);
  posts_.erase(posts_.begin() + static_cast<std::ptrdiff_t>(at));
  webhook_inbox_.push_back(
    [this, id = id, answer = receiver(request)] { deliveries_->answered(id, answer, clock_.now()); });
  return true;
}

void simulated_node::let_pass(milliseconds time) {
  wall_.advance(time);
  passed_ += time;
}

bool simulated_node::pass_time(timestamp until) {
  timers_.refill(clock_.now());
  auto next = timers_.next();
  if (const auto wake = deliveries_->next_wake()) next = std::min(next.value_or(*wake), *wake);
  if (!next || *next > until) return false;
  // A clock that is ahead of the wall clock takes longer.
  while (clock_.now() < *next) let_pass(*next - clock_.now());
  webhook_inbox_.push_back([this] { deliveries_->wake(clock_.now()); });
  tell_partitions(timers_.take_notice(clock_.now()), &partition_core::timers_soon);
  tell_partitions(timers_.take_due(clock_.now()), &partition_core::timers_due);
  return true;
}

void simulated_node::tell_partitions(const std::vector<keys::timer>& timers,
                                     void (partition_core::*what)(const std::vector<keys::timer>&)) {
  std::map<partition_id, std::vector<keys::timer>> shares;
  for (const auto& timer : timers) shares[timer.partition].push_back(timer);
  for (auto& [id, share] : shares) {
    auto* owner = partitions_[id].get();
    owner->inbox.push_back([owner, what, share = std::move(share)] { (owner->core.get()->*what)(share); });
  }
}

} // namespace penstock::simulation
