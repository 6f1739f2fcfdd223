#include "actors/core/partition_core.hpp"

#include "actors/core/audit_ledger.hpp"
#include "actors/core/delivery_ledger.hpp"
#include "actors/core/job_claim_core.hpp"
#include "actors/core/keyring_core.hpp"
#include "actors/core/pipeline_core.hpp"
#include "actors/core/pool_core.hpp"
#include "actors/core/requests.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/run_history.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/core/system_core.hpp"
#include "actors/core/timer_core.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

namespace penstock {

namespace {

constexpr std::size_t messages_taken_out_at_once = 256;
/// A commit's entries of the audit log are numbered by its index, and below that one by one.
constexpr unsigned audit_entries_bits = 16;

const error not_leader{errc::unavailable, "the server could not keep the change; try again", {}};

std::unique_ptr<entity_core> core_for(const uuid& entity, const entity_command& command,
                                      const entity_surroundings& around) {
  if (std::holds_alternative<pipeline_command>(command))
    return std::make_unique<pipeline_core>(around, pipeline_id{entity});
  if (std::holds_alternative<run_message>(command)) return std::make_unique<run_core>(around, run_id{entity});
  if (std::holds_alternative<system_change>(command)) return std::make_unique<system_core>(around);
  if (std::holds_alternative<delivery_command>(command)) return std::make_unique<delivery_ledger>(around, entity);
  if (std::holds_alternative<claim_command>(command)) return std::make_unique<job_claim_core>(around, entity);
  if (std::holds_alternative<audit_command>(command)) return std::make_unique<audit_ledger>(around, entity);
  if (std::holds_alternative<pool_command>(command)) return std::make_unique<pool_core>(around, entity);
  return std::make_unique<keyring_core>(around);
}

/// Marks what a core decides with its life.
class marking_core final : public entity_core {
public:
  marking_core(std::unique_ptr<entity_core> core, std::uint64_t life) : core_(std::move(core)), life_(life) {}

  std::unique_ptr<proposal> handle(entity_command command, timestamp now) override {
    auto decided = core_->handle(std::move(command), now);
    decided->life = life_;
    return decided;
  }

private:
  std::unique_ptr<entity_core> core_;
  std::uint64_t life_;
};

/// Calls `with` on the reply a command carries, whatever its type.
template <class F>
void with_reply(entity_command& command, F with) {
  const auto look = [&](auto& c) {
    if constexpr (requires { c.done; }) with(c.done);
  };
  std::visit(
    [&](auto& c) {
      if constexpr (requires { c.index(); }) std::visit(look, c);
      else look(c);
    },
    command);
}

/// How many schedules a command says are due.
std::ptrdiff_t schedules_due(const entity_command& command) {
  const auto* p = std::get_if<pipeline_command>(&command);
  const auto* fire = p ? std::get_if<fire_schedules>(p) : nullptr;
  return fire ? std::ssize(fire->due) : 0;
}

} // namespace

timestamp latest_clock(const store& state, partition_id partitions) {
  std::uint64_t latest = 0;
  for (partition_id p = 0; p <= partitions; ++p) latest = std::max<std::uint64_t>(latest, state.position(p).clock_ms);
  return from_ms(static_cast<std::int64_t>(latest));
}

partition_core::partition_core(partition_id id, const entity_surroundings& around, consensus& group,
                               const clock_source& clock, store::partition_position position, partition_ports& ports,
                               std::atomic<std::size_t>* node_schedules_due, partition_limits limits)
    : id_(id), around_(around), group_(group), clock_(clock), ports_(ports), limits_(limits),
      clock_high_(from_ms(position.clock_ms)), last_index_(position.index), committed_(position.index),
      standings_(id, around.state), waiting_(around.state, around.seals),
      requests_(
        id, around, waiting_,
        [this](auto repeat) { submit(repeat.entity, std::move(repeat.command), true, std::move(repeat.note)); }),
      due_(node_schedules_due) {}

timestamp partition_core::now() {
  // Never backwards, whatever the wall clock does and whoever led before.
  clock_high_ = std::max(clock_high_, clock_.now());
  return clock_high_;
}

void partition_core::start() {
  const auto messages = keys::messages_prefix(id_);
  around_.state.scan(family::outbox, messages, keys::behind(messages),
                     [&](std::string_view key, std::string_view bytes) {
                       if (auto message = read_message(around_.seals, key, bytes)) ports_.send(*message);
                       return true;
                     });
  std::vector<run_id> active;
  const auto runs = keys::active_runs_prefix(id_);
  around_.state.scan(family::index, runs, keys::behind(runs), [&](std::string_view key, std::string_view) {
    active.push_back(run_id{keys::turned_id(key)});
    return true;
  });
  std::set<uuid> pipelines;
  for (const auto kind : {keys::index_kind::queued_runs, keys::index_kind::busy_launchers}) {
    const auto prefix = keys::index_of_partition(id_, kind);
    around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      pipelines.insert(keys::index_owner(key));
      return true;
    });
  }
  for (const auto& pipeline : pipelines) submit(pipeline, pipeline_command{take_up{}}, false);
  start_pools();
  // Oldest first, as they came.
  for (auto it = active.rbegin(); it != active.rend(); ++it)
    submit(it->raw, run_message{resume_run{}, {}, {}, {}}, false);
}

void partition_core::start_pools() {
  if (id_ == 0) return; // Owns no slot.
  std::vector<pool_name> limited;
  around_.registry->read([&](const system_tables& t) {
    for (const auto& [name, record] : t.pools()) limited.push_back({name.first, name.second});
  });
  for (auto& pool : limited) {
    const auto entity = pool_entity(around_.seals, pool);
    if (partition_of(slot_of(entity), around_.partition_count) == id_)
      submit(entity, pool_command{pool_changed{std::move(pool), {}}}, false);
  }
}

// --- commands -----------------------------------------------------------------------------------

void partition_core::submit(const uuid& entity, entity_command command, bool from_client, audit_note_ptr note) {
  if (from_client) {
    if (refuse_at_limit(command)) return;
    if (requests_.answer(entity, command, note, now())) return;
    count_client(command);
  }
  tell(entity, std::move(command), std::move(note));
}

bool partition_core::refuse_at_limit(entity_command& command) {
  if (commands_ < limits_.commands_under_way_max && pending_.size() < limits_.entries_under_way_max) return false;
  ++refused_;
  with_reply(command, [](auto& done) {
    if (done) done(fail(errc::unavailable, "the server is busy; try again in a moment"));
  });
  return true;
}

void partition_core::count_client(entity_command& command) {
  if (auto* start = start_that_waits(command)) {
    ++commands_;
    release_at_start(*start, [this] { --commands_; });
    return;
  }
  with_reply(command, [&](auto& done) {
    if (!done) return;
    ++commands_;
    done = [this, inner = std::move(done)](auto with) {
      --commands_;
      inner(std::move(with));
    };
  });
}

void partition_core::tell(const uuid& entity, entity_command command, audit_note_ptr note) {
  const auto at = now();
  const auto it = live_.find(entity);
  auto& told = it == live_.end() ? bear(entity, core_for(entity, command, around_)) : it->second;
  ++told.told;
  ++told_;
  told.last_told = at;
  due_.firing(schedules_due(command));
  if (told.asleep) ports_.spawn(entity, std::move(told.asleep));
  ports_.tell(entity, std::move(command), at, std::move(note));
}

// --- proposals ----------------------------------------------------------------------------------

void partition_core::proposed(std::unique_ptr<proposal> p) {
  const auto it = live_.find(p->entity);
  // One that was dropped with its decisions, after a loss, or that was asked for before its birth.
  if (it == live_.end() || it->second.life != p->life) {
    lose(*p, not_leader);
    fire_due();
    return;
  }
  assert(it->second.told > 0);
  --it->second.told;
  --told_;
  it->second.keep = p->keep;
  it->second.lasting = p->lasting;
  if (p->lasting && !std::exchange(it->second.resting, true)) resting_.emplace_back(it->second.last_told, p->entity);
  for (const auto& change : p->standings) standings_.apply(change, p->mutations);
  for (const auto& births : p->births) run_history::count(p->mutations, id_, births);
  const auto at = now();
  write_audit(*p, at);
  if (!p->mutations.empty()) {
    auto index = group_.propose(at, std::move(p->mutations));
    if (!index) {
      standings_.forget();
      lose(*p, index.error());
      told_ -= it->second.told;
      drop(it);
      fire_due();
      return;
    }
    last_index_ = *index;
    standings_.proposed(*index);
  }
  ++it->second.uncommitted;
  std::vector<std::pair<uuid, std::uint64_t>> born;
  for (auto& run : p->born) {
    auto& fresh = bear(run.id.raw, std::move(run.core));
    fresh.keep = run.keep;
    fresh.uncommitted = 1;
    fresh.last_told = clock_high_;
    born.emplace_back(run.id.raw, fresh.life);
  }
  pending_entry entry{last_index_, std::move(p), std::move(born)};
  if (last_index_ > committed_) {
    pending_.push_back(std::move(entry));
    return;
  }
  carry_out(std::move(entry));
  fire_due();
  if (!is_behind()) release_attempts(timestamp::max());
}

void partition_core::write_audit(proposal& p, timestamp at) const {
  auto number = (last_index_ + 1) << audit_entries_bits;
  const auto put = [&](workspace_id workspace, timestamp time, const audit_record& what) {
    p.mutations.put(family::audit, keys::audit_place{id_, workspace, time, number++}.encode(), codec::encode(what));
  };
  // A command that was answered with what there is changed nothing, and makes no entry.
  if (p.note && !p.refused && !p.mutations.empty()) {
    auto what = p.note->what;
    what.made = p.made;
    put(p.note->workspace, at, what);
  }
  for (const auto& entry : p.audited) put(entry.workspace, entry.at, entry.what);
}

partition_core::live_entity& partition_core::bear(const uuid& entity, std::unique_ptr<entity_core> core) {
  auto& fresh = live_[entity];
  if (fresh.life != 0 && !fresh.asleep) ports_.drop(entity);
  told_ -= fresh.told;
  fresh = {};
  fresh.life = ++lives_;
  fresh.asleep = std::make_unique<marking_core>(std::move(core), fresh.life);
  return fresh;
}

void partition_core::drop(live_entities::iterator it) {
  const bool awake = !it->second.asleep;
  const auto entity = it->first;
  live_.erase(it);
  if (awake) ports_.drop(entity);
}

void partition_core::lose(proposal& p, const error& why) {
  fired(p);
  for (auto& reply : p.replies) reply(&why);
  for (auto& effect : p.effects)
    if (auto* waits = std::get_if<await_end>(&effect)) waits->done(unexpected(why));
}

void partition_core::durable(std::uint64_t index) {
  const auto before = committed_;
  committed_ = group_.on_durable(index);
  entries_ += committed_ - before;
  standings_.durable(committed_);
  while (!pending_.empty() && pending_.front().index <= committed_) {
    auto entry = std::move(pending_.front());
    pending_.pop_front();
    carry_out(std::move(entry));
  }
  fire_due();
  if (!is_behind()) release_attempts(timestamp::max());
}

void partition_core::carry_out(pending_entry entry) {
  fired(*entry.what);
  // Who is told that a key is revoked must not find it still working.
  for (auto& effect : entry.what->effects) {
    if (const auto* changed = std::get_if<penstock::key_changed>(&effect)) ports_.key_changed(*changed->record);
    else if (const auto* updated = std::get_if<penstock::system_updated>(&effect))
      ports_.system_updated(updated->change);
  }
  for (auto& reply : entry.what->replies) reply(nullptr);
  const auto at = now();
  for (auto& effect : entry.what->effects) perform(effect, at);
  for (const auto& [run, life] : entry.born) committed(run, life);
  committed(entry.what->entity, entry.what->life);
}

void partition_core::committed(const uuid& entity, std::uint64_t life) {
  const auto it = live_.find(entity);
  if (it == live_.end() || it->second.life != life) return;
  assert(it->second.uncommitted > 0);
  --it->second.uncommitted;
  settle_entity(entity);
}

void partition_core::perform(entity_effect& effect, timestamp at) {
  std::visit(
    [&](auto& e) {
      using type = std::decay_t<decltype(e)>;
      if constexpr (std::is_same_v<type, offer_attempt>) offer(std::move(e.request), at);
      else if constexpr (std::is_same_v<type, penstock::stop_run>) stop_attempts_of(e.run);
      else if constexpr (std::is_same_v<type, penstock::reorder_run>) reorder_attempts_of(e.run, e.priority);
      else if constexpr (std::is_same_v<type, ask_child>) ports_.ask(e);
      else if constexpr (std::is_same_v<type, arm_timer>) {
        // One that is due later is found when its time has come near.
        if (e.timer.due <= at + 2 * timer_core::window) ports_.arm(e.timer);
      } else if constexpr (std::is_same_v<type, send_message>) ports_.send(e);
      else if constexpr (std::is_same_v<type, tell_run>)
        submit(e.run.raw, run_message{std::move(*e.command), {}, {}, std::move(e.taken)}, false);
      else if constexpr (std::is_same_v<type, run_changed>) ports_.changed(e.run);
      else if constexpr (std::is_same_v<type, run_finished>) waiting_.finished(*e.view);
      else if constexpr (std::is_same_v<type, penstock::remove_files>) ports_.remove_files(e.run);
      else if constexpr (std::is_same_v<type, tell_pipeline>) submit(e.pipeline.raw, std::move(*e.command), false);
      else if constexpr (std::is_same_v<type, penstock::deliver>) ports_.deliver(e.what);
      else if constexpr (std::is_same_v<type, tell_entity>) ports_.pass(e.entity, std::move(*e.command));
      else if constexpr (std::is_same_v<type, schedule_fired>)
        lateness_.add(std::chrono::duration<double>(at - e.due).count());
      else if constexpr (std::is_same_v<type, penstock::key_changed> ||
                         std::is_same_v<type, penstock::system_updated>) {
      } // Done before the replies.
      else {
        if (e.begun) e.begun();
        waiting_.add(e.run, e.until, std::move(e.done));
      }
    },
    effect);
}

void partition_core::settle_entity(const uuid& entity) {
  const auto it = live_.find(entity);
  if (it == live_.end()) return;
  const auto& e = it->second;
  if (e.told > 0 || e.uncommitted > 0 || e.keep || e.lasting) return;
  drop(it);
}

// --- attempts -----------------------------------------------------------------------------------

// When 100,000 schedules are due at once, each is to begin its run in time; what the runs do would take the processor from
// those that wait to be decided on.
void partition_core::offer(std::shared_ptr<attempt_request> request, timestamp at) {
  if (held_.empty() && !is_behind()) ports_.offer(std::move(request));
  else held_.hold(std::move(request), at);
}

void partition_core::release_attempts(timestamp since) {
  held_.release(since, [this](auto request) { ports_.offer(std::move(request)); });
}

void partition_core::stop_attempts_of(run_id run) {
  held_.drop(run);
  ports_.stop_run(run);
}

void partition_core::reorder_attempts_of(run_id run, task_priority priority) {
  held_.reorder(run, priority);
  ports_.reorder_run(run, priority);
}

// --- timers, messages, order --------------------------------------------------------------------

void partition_core::timers_due(const std::vector<keys::timer>& due) {
  for (const auto& timer : due) timer_due(timer);
  // One commit of a pipeline for many of its schedules costs a fraction of one for each.
  due_.add(by_pipeline(due));
  fire_due();
}

void partition_core::fire_due() {
  while (auto next = due_.take(limits_.schedules_firing_max))
    submit(next->pipeline, pipeline_command{fire_schedules{std::move(next->timers)}}, false);
}

void partition_core::timers_soon(const std::vector<keys::timer>& soon) {
  for (const auto& [pipeline, timers] : by_pipeline(soon)) {
    expect_schedules expect;
    for (const auto& timer : timers) expect.soon.push_back(schedule_id{timer.id});
    submit(pipeline, pipeline_command{std::move(expect)}, false);
  }
}

void partition_core::timer_due(const keys::timer& timer) {
  const auto kind = static_cast<timer_kind>(timer.kind);
  if (kind == timer_kind::request_expiry) expire_request(timer);
  else if (kind == timer_kind::clear_pipeline) submit(timer.id, pipeline_command{clear_step{timer}}, false);
  else if (kind != timer_kind::fire_schedule)
    submit(timer.id, run_message{timer_fired{kind, timer.task, timer.item, timer.attempt, timer.due}, {}, {}, {}},
           false);
}

std::map<uuid, std::vector<keys::timer>> partition_core::by_pipeline(const std::vector<keys::timer>& timers) {
  std::map<uuid, std::vector<keys::timer>> out;
  for (const auto& timer : timers) {
    if (!is_of_schedule(timer)) continue;
    if (!timer.owner.is_nil()) {
      out[timer.owner].push_back(timer);
    } else if (const auto record = read_record<schedule_record>(around_.state, keys::schedule(schedule_id{timer.id}))) {
      out[record->pipeline.raw].push_back(timer);
    } else {
      mutation_batch mutations;
      mutations.remove(family::timers, timer.encode());
      propose_own(std::move(mutations));
    }
  }
  return out;
}

void partition_core::expire_request(const keys::timer& timer) {
  const auto key = timer.encode();
  std::string request;
  if (!around_.state.get(family::timers, key, request)) return;
  mutation_batch mutations;
  mutations.remove(family::timers, key);
  std::string bytes;
  // A later request may have taken the key over since.
  if (around_.state.get(family::requests, request, bytes)) {
    const auto record = codec::decode<request_record>(bytes);
    if (record && record->expires_at <= timer.due) mutations.remove(family::requests, request);
  }
  propose_own(std::move(mutations));
}

void partition_core::propose_own(mutation_batch mutations) {
  if (auto index = group_.propose(now(), std::move(mutations))) last_index_ = *index;
}

void partition_core::message_taken(const std::string& key) {
  taken_.push_back(key);
  if (taken_.size() >= messages_taken_out_at_once) sweep();
}

void partition_core::sweep() {
  if (!taken_.empty()) {
    mutation_batch mutations;
    for (const auto& key : taken_) mutations.remove(family::outbox, key);
    taken_.clear();
    propose_own(std::move(mutations));
  }
  waiting_.expire(now());
  drop_idle(now());
  release_attempts(is_behind() ? now() - limits_.attempts_held_max : timestamp::max());
}

void partition_core::drop_idle(timestamp at) {
  const auto idle_since = at - limits_.lasting;
  while (!resting_.empty() && resting_.front().first <= idle_since) {
    const auto entity = resting_.front().second;
    resting_.pop_front();
    const auto it = live_.find(entity);
    if (it == live_.end()) continue;
    auto& e = it->second;
    if (e.lasting && e.last_told > idle_since) {
      resting_.emplace_back(e.last_told, entity);
      continue;
    }
    e.lasting = e.resting = false;
    settle_entity(entity);
  }
}

partition_figures partition_core::figures() const {
  return {live_.size(), commands_, pending_.size(), entries_, refused_, lateness_};
}

} // namespace penstock
