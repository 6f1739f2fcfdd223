#include "actors/core/pool_core.hpp"

#include "runtime/model/codec.hpp"
#include "storage/keys.hpp"

#include <algorithm>
#include <vector>

namespace penstock {

namespace {

gated_reply when_durable(std::function<void()> taken) {
  return [taken = std::move(taken)](const error* lost) {
    if (!lost && taken) taken();
  };
}

} // namespace

pool_core::pool_core(const entity_surroundings& around, const uuid& id, std::size_t most_waiting)
    : around_(around), id_(id), waiting_max_(most_waiting) {}

pool_core::~pool_core() {
  if (!around_.pools) return;
  around_.pools->held -= counted_held_;
  around_.pools->waiting -= counted_waiting_;
}

std::unique_ptr<proposal> pool_core::handle(entity_command command, timestamp now) {
  auto out = std::make_unique<proposal>();
  out->entity = id_;
  verified_ = false;
  if (!loaded_) load(*out);
  std::visit([&](auto& c) { take(c, now, *out); }, std::get<pool_command>(command));
  // The rest in commits of its own, behind what was told meanwhile.
  if (name_ && (limit() ? let_begin(now, *out) : let_all_go(*out)))
    out->effects.push_back(tell_entity{id_, pool_command{pool_changed{*name_, {}}}});
  count();
  out->keep = !leases_.empty() || !queue_.empty() || !is_sent_away_.empty() || !clearing_.empty();
  out->lasting = true;
  return out;
}

void pool_core::load(proposal& out) {
  loaded_ = true;
  verified_ = true;
  const auto prefix = keys::pool_leases_prefix(id_);
  around_.state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view bytes) {
    const auto who = keys::decode_pool_lease(key);
    const auto record = codec::decode<lease_record>(bytes);
    if (!who || !record) return true;
    const lease_holder holder{who->run, who->task, who->item};
    const auto& kept = leases_[holder] = {record->attempt, record->number};
    tell(holder, kept, out);
    return true;
  });
}

// --- commands -----------------------------------------------------------------------------------

void pool_core::take(const ask_pool& command, timestamp now, proposal& out) {
  name_ = command.pool;
  if (!limit()) {
    tell(command.who, {command.attempt, 0}, out);
    return;
  }
  if (const auto held = leases_.find(command.who); held != leases_.end()) {
    if (command.attempt == held->second.attempt) tell(command.who, held->second, out);
    // The release of the attempt before is on its way, and must not free this one's.
    else if (command.attempt > held->second.attempt)
      grant(command.who, {command.attempt, around_.random.next() | 1}, now, out);
    return;
  }
  if (auto* waiting = queue_.find(command.who)) {
    waiting->attempt = std::max(waiting->attempt, command.attempt);
    queue_.move(command.who, command.priority);
    return;
  }
  if (queue_.size() >= waiting_max_) {
    if (is_sent_away_.insert(command.who.run).second) sent_away_.push_back(command.who.run);
    return;
  }
  queue_.push(command.who, command.pipeline, command.priority, {command.attempt});
}

void pool_core::take(release_lease& command, timestamp, proposal& out) {
  const auto held = leases_.find(command.who);
  if (held != leases_.end() && held->second.number == command.number) forget(command.who, out);
  out.replies.push_back(when_durable(std::move(command.taken)));
}

void pool_core::take(leave_pool& command, timestamp, proposal& out) {
  const lease_holder first{command.run, 0, 0};
  std::vector<lease_holder> all;
  for (auto at = leases_.lower_bound(first); at != leases_.end() && at->first.run == command.run; ++at)
    all.push_back(at->first);
  for (const auto& who : all) forget(who, out);
  for (const auto& who : queue_.ids_from(first, [&](const auto& w) { return w.run == command.run; }))
    (void)queue_.take(who);
  is_sent_away_.erase(command.run);
  out.replies.push_back(when_durable(std::move(command.taken)));
}

void pool_core::take(pool_changed& command, timestamp, proposal& out) {
  name_ = command.pool;
  // A limit that was gone for a moment: what began anew meanwhile did so without a lease, and its old one is given back.
  if (command.taken && limit() && !verified_)
    for (const auto& [who, lease] : leases_) tell(who, lease, out);
  if (!command.taken) return;
  // With the limit go the leases, in several commits if they are many: what stays behind nobody would look for.
  if (!limit() && !leases_.empty()) clearing_.push_back(std::move(command.taken));
  else out.replies.push_back(when_durable(std::move(command.taken)));
}

// --- turns --------------------------------------------------------------------------------------

bool pool_core::let_begin(timestamp now, proposal& out) {
  for (auto& taken : std::exchange(clearing_, {})) out.replies.push_back(when_durable(std::move(taken)));
  const auto most = *limit();
  for (std::size_t steps = 0; leases_.size() < most && !queue_.empty(); ++steps) {
    if (steps == steps_max) return true;
    const auto next = queue_.pop();
    grant(next->id, {next->what.attempt, around_.random.next() | 1}, now, out);
  }
  call_those_sent_away(out);
  return false;
}

bool pool_core::let_all_go(proposal& out) {
  for (std::size_t steps = 0; !queue_.empty() || !leases_.empty(); ++steps) {
    if (steps == steps_max) return true;
    if (const auto next = queue_.pop()) tell(next->id, {next->what.attempt, 0}, out);
    else forget(lease_holder{leases_.begin()->first}, out);
  }
  for (auto& taken : std::exchange(clearing_, {})) out.replies.push_back(when_durable(std::move(taken)));
  call_those_sent_away(out);
  return false;
}

void pool_core::call_those_sent_away(proposal& out) {
  if (sent_away_.empty() || queue_.size() > waiting_max_ / 2) return;
  // As long as somebody waits, something happens that leads here again; before nobody does, all must have been called.
  std::size_t left = queue_.empty() ? sent_away_.size() : 8;
  for (; left > 0 && !sent_away_.empty(); --left) {
    const auto run = sent_away_.front();
    sent_away_.pop_front();
    if (is_sent_away_.erase(run) > 0) out.effects.push_back(tell_entity{run.raw, run_message{ask_again{}, {}, {}, {}}});
  }
}

void pool_core::grant(const lease_holder& who, lease what, timestamp now, proposal& out) {
  leases_[who] = what;
  out.mutations.put(family::state, key_of(who), codec::encode(lease_record{what.attempt, what.number, now}));
  tell(who, what, out);
}

void pool_core::forget(const lease_holder& who, proposal& out) {
  leases_.erase(who);
  out.mutations.remove(family::state, key_of(who));
}

void pool_core::tell(const lease_holder& who, lease what, proposal& out) const {
  out.effects.push_back(tell_entity{
    who.run.raw, run_message{lease_granted{who.task, who.item, what.attempt, what.number, id_}, {}, {}, {}}});
}

void pool_core::count() {
  if (!around_.pools) return;
  const auto held = static_cast<std::int64_t>(leases_.size());
  const auto waiting = static_cast<std::int64_t>(queue_.size());
  around_.pools->held += held - std::exchange(counted_held_, held);
  around_.pools->waiting += waiting - std::exchange(counted_waiting_, waiting);
}

std::optional<std::uint32_t> pool_core::limit() const { return limit_of(around_, *name_); }

std::string pool_core::key_of(const lease_holder& who) const {
  return keys::pool_lease(id_, who.run, who.task, who.item);
}

} // namespace penstock
