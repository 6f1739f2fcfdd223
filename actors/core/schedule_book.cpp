#include "actors/core/schedule_book.hpp"

#include "actors/core/requests.hpp"
#include "actors/core/schedule_records.hpp"
#include "actors/core/sealed_records.hpp"
#include "runtime/calendar/catch_up.hpp"

#include <algorithm>
#include <unordered_set>

namespace penstock {

namespace {

/// Due times that may wait for the run before them; later ones are skipped.
constexpr std::size_t queued_max = 1'000;
/// Due times that one decision takes: a commit stays small, and the rest follows at once.
constexpr std::size_t due_at_once = 100;

error no_schedule(schedule_id id) { return {errc::not_found, "there is no schedule " + to_text(id), {}}; }

/// When to look at a schedule next after `after`. Holidays count as days here: one may be taken off its calendar before
/// it comes.
std::optional<timestamp> next_wake(const schedule_rule& rule, timestamp after) {
  if (!rule.skip_holidays) return next_firing(rule, after);
  auto open = rule;
  open.skip_holidays = false;
  return next_firing(open, after);
}

keys::timer timer_of(const schedule_record& record, partition_id p, timestamp due) {
  return {p, due, static_cast<std::uint8_t>(timer_kind::fire_schedule), record.id.raw, 0, 0, 0, record.pipeline.raw};
}

/// Has something to do that no timer reminds of.
bool is_busy(const schedule_record& record) { return !record.queued.empty() || !record.yielding.empty(); }

} // namespace

schedule_id own_schedule_id(pipeline_id pipeline) noexcept {
  auto id = schedule_id{pipeline.raw};
  // The last bytes are random and not part of the slot.
  id.raw.bytes[14] = static_cast<std::uint8_t>(id.raw.bytes[14] ^ 0x5a);
  id.raw.bytes[15] = static_cast<std::uint8_t>(id.raw.bytes[15] ^ 0xa5);
  return id;
}

result<void> check_own_cron(const std::optional<std::string>& cron) {
  if (!cron) return {};
  schedule_record record;
  record.cron = *cron;
  const auto rule = rule_of(record, nullptr);
  return rule ? result<void>{} : unexpected(rule.error());
}

result<live_schedule> schedule_book::open(schedule_record record) const {
  live_schedule s;
  s.holidays = holidays_for(*around_.registry, record);
  auto rule = rule_of(record, s.holidays.get());
  if (!rule) return unexpected(std::move(rule).error());
  s.rule = std::move(*rule);
  s.record = std::move(record);
  s.busy = is_busy(s.record);
  return s;
}

live_schedule* schedule_book::find(schedule_id id) {
  if (const auto it = live_.find(id); it != live_.end()) {
    if (it->second) keep_holidays(*it->second);
    return it->second.get();
  }
  auto record = read_record<schedule_record>(around_.state, keys::schedule(id));
  return record ? take_in(std::move(*record)) : nullptr;
}

live_schedule* schedule_book::take_in(schedule_record record) {
  if (record.pipeline != runs_.record().id) return nullptr;
  auto opened = open(std::move(record));
  if (!opened) return nullptr;
  auto& kept = live_[opened->record.id];
  kept = std::make_unique<live_schedule>(std::move(*opened));
  return kept.get();
}

/// Calendars are replaced while a schedule is live.
void schedule_book::keep_holidays(live_schedule& s) const {
  s.holidays = holidays_for(*around_.registry, s.record);
  s.rule.holidays = s.holidays.get();
}

// --- by clients ---------------------------------------------------------------------------------

schedule_view schedule_book::view(const live_schedule& s) const { return open_schedule(around_, s.record); }

result<live_schedule*> schedule_book::add(schedule_record record, timestamp now, proposal& out) {
  record.pipeline = runs_.record().id;
  record.workspace = runs_.record().workspace;
  record.created_at = record.decided_until = now;
  auto opened = open(std::move(record));
  if (!opened) return unexpected(std::move(opened).error());
  auto& s = live_[opened->record.id];
  s = std::make_unique<live_schedule>(std::move(*opened));
  if (runs_.record().enabled && !s->record.paused) set_timer(*s, next_wake(s->rule, now), out);
  store(*s, out);
  store_indexes(s->record, out);
  return s.get();
}

result<schedule_view> schedule_book::create(schedule_created& command, timestamp now, proposal& out) {
  if (auto fits = runs_.check_parameters(command.parameters); !fits) return unexpected(std::move(fits).error());
  auto record = std::move(command.record);
  record.workspace = runs_.record().workspace;
  record.sealed_parameters = seal_value(around_.seals, parameters_place(record), command.parameters);
  auto added = add(std::move(record), now, out);
  if (!added) return unexpected(std::move(added).error());
  const auto& made = (*added)->record;
  remember_request(around_.seals, runs_.partition(), made.workspace, command.once, made.id.raw, now, out);
  return view(**added);
}

result<schedule_view> schedule_book::change(schedule_changed& command, timestamp now, proposal& out) {
  auto* s = find(command.id);
  if (!s) return unexpected(no_schedule(command.id));
  auto record = s->record;
  apply_draft(record, command.changes);
  if (command.changes.parameters) {
    if (auto fits = runs_.check_parameters(*command.changes.parameters); !fits)
      return unexpected(std::move(fits).error());
    record.sealed_parameters = seal_value(around_.seals, parameters_place(record), *command.changes.parameters);
  }
  const bool resumed = command.paused && !*command.paused && record.paused;
  if (command.paused) record.paused = *command.paused;
  else record.updated_at = now;
  // Another rule holds for times to come.
  if (!command.paused && !record.paused) record.decided_until = std::max(record.decided_until, now);
  auto opened = open(std::move(record));
  if (!opened) return unexpected(std::move(opened).error());
  opened->last_run_is_new = s->last_run_is_new;
  *s = std::move(*opened);
  if (s->record.paused || !runs_.record().enabled) set_timer(*s, std::nullopt, out);
  else if (resumed) decide_due(*s, now, out);
  else if (!command.paused) set_timer(*s, next_wake(s->rule, now), out);
  store(*s, out);
  return view(*s);
}

result<void> schedule_book::remove(const schedule_deleted& command, proposal& out) {
  auto* s = find(command.id);
  if (!s) return unexpected(no_schedule(command.id));
  erase(*s, out);
  live_[command.id] = nullptr;
  return {};
}

void schedule_book::set_own(const std::optional<std::string>& cron, timestamp now, proposal& out) {
  const auto id = own_schedule_id(runs_.record().id);
  const bool there = find(id);
  if (!cron) {
    if (there) (void)remove({runs_.record().workspace, id, {}}, out).has_value();
    return;
  }
  if (there) {
    schedule_changed command;
    command.id = id;
    command.changes.cron = *cron;
    (void)change(command, now, out).has_value();
    return;
  }
  // Whether a start without parameters would be taken shows when it comes: the definition may still change.
  schedule_record record;
  record.id = id;
  record.name = runs_.record().name;
  record.cron = *cron;
  record.own = true;
  record.created_by = runs_.record().created_by;
  (void)add(std::move(record), now, out).has_value();
}

std::optional<timestamp> schedule_book::own_next_at() {
  const auto* own = find(own_schedule_id(runs_.record().id));
  return own ? own->record.next_at : std::nullopt;
}

// --- due times ----------------------------------------------------------------------------------

void schedule_book::expect(const expect_schedules& command) {
  for (const auto id : command.soon) (void)find(id);
}

void schedule_book::fire(const keys::timer& due, timestamp now, proposal& out) {
  out.mutations.remove(family::timers, due.encode());
  auto* s = find(schedule_id{due.id});
  if (!s || s->record.next_at != due.due) return;
  s->record.next_at.reset();
  // A pipeline that is being deleted takes its schedules along; a paused one lets due times pass undecided.
  if (runs_.record().deleted) return;
  if (runs_.record().enabled && !s->record.paused) decide_due(*s, now, out);
  store(*s, out);
}

void schedule_book::decide_due(live_schedule& s, timestamp now, proposal& out) {
  catch_up_request request;
  request.decided_until = s.record.decided_until;
  request.now = now;
  request.strategy = s.record.catchup;
  request.latest_n = s.record.catchup_runs;
  request.limit = due_at_once;
  const auto step = catch_up(s.rule, request);
  for (const auto due : step.due) take_due(s, due, now, out);
  if (step.dropped) ++s.record.skipped;
  s.record.decided_until = step.decided_until;
  if (step.more) set_timer(s, now, out);
  else set_timer(s, s.rule.skip_holidays ? next_wake(s.rule, step.decided_until) : step.next, out);
  start_queued(s, now, out);
}

void schedule_book::take_due(live_schedule& s, timestamp due, timestamp now, proposal& out) {
  const bool active = !s.record.queued.empty() || run_is_active(s);
  // What was missed and is to run must not fall to its own predecessors, nor must what comes behind it.
  const bool waits = now - due >= lateness_grace || !s.record.queued.empty();
  if (!active) start(s, due, now, out);
  else if (s.record.overlap == overlap_strategy::cancel_running) {
    make_room(s, out);
    start(s, due, now, out);
  } else if (s.record.overlap == overlap_strategy::queue || waits) queue(s, due);
  else ++s.record.skipped;
}

bool schedule_book::start(live_schedule& s, timestamp due, timestamp now, proposal& out) {
  run_order order;
  if (auto parameters = open_value(around_.seals, parameters_place(s.record), s.record.sealed_parameters))
    order.parameters = std::move(*parameters);
  order.trigger = trigger_kind::schedule;
  order.triggered_by = to_text(s.record.id);
  order.logical_at = due;
  order.launcher = s.record.id.raw;
  // Whether anything waits for its end shows only then: what the schedule does about runs that meet may be changed.
  order.reports_end = true;
  order.priority = s.record.priority;
  auto started = runs_.launch(std::move(order), now, out);
  if (!started) {
    ++s.record.skipped;
    s.record.sealed_error = seal_text(around_.seals, error_place(s.record), started.error().message);
    return false;
  }
  out.effects.push_back(schedule_fired{due});
  ++s.record.fired;
  s.record.sealed_error.clear();
  s.record.last_fired_at = due;
  s.record.last_run = started->id;
  s.last_run_is_new = true;
  return true;
}

void schedule_book::queue(live_schedule& s, timestamp due) const {
  if (s.record.queued.size() >= queued_max) {
    ++s.record.skipped;
    return;
  }
  s.record.queued.push_back(due);
}

bool schedule_book::start_queued(live_schedule& s, timestamp now, proposal& out) {
  auto& queued = s.record.queued;
  if (queued.empty() || s.record.paused || !runs_.record().enabled || run_is_active(s)) return false;
  // One that cannot start has no end that the next one could wait for.
  for (bool started = false; !started && !queued.empty();) {
    const auto due = queued.front();
    queued.erase(queued.begin());
    started = start(s, due, now, out);
  }
  return true;
}

void schedule_book::make_room(live_schedule& s, proposal& out) const {
  forget_yielded(s);
  s.record.yielding.push_back(*s.record.last_run);
  out.effects.push_back(tell_run{*s.record.last_run, cancel_run{"its schedule's next run"}});
}

void schedule_book::forget_yielded(live_schedule& s) const {
  std::erase_if(s.record.yielding, [&](run_id id) {
    const auto run = read_record<run_record>(around_.state, keys::run(id));
    return run && is_terminal(run->status);
  });
}

void schedule_book::run_over(schedule_id id, run_id run, timestamp now, proposal& out) {
  auto* s = find(id);
  if (!s) return;
  const bool yielded = std::erase(s->record.yielding, run) > 0;
  if (start_queued(*s, now, out) || yielded) store(*s, out);
}

void schedule_book::take_up(schedule_id id, timestamp now, proposal& out) {
  auto* s = find(id);
  if (!s) return;
  forget_yielded(*s);
  for (const auto run : s->record.yielding) out.effects.push_back(tell_run{run, cancel_run{"its schedule's next run"}});
  start_queued(*s, now, out);
  store(*s, out);
}

void schedule_book::pipeline_enabled(timestamp now, proposal& out) {
  for (const auto id : ids()) {
    auto* s = find(id);
    if (!s || s->record.paused) continue;
    if (!s->record.next_at) decide_due(*s, now, out);
    start_queued(*s, now, out);
    store(*s, out);
  }
}

void schedule_book::pipeline_disabled(proposal& out) {
  for (const auto id : ids()) {
    auto* s = find(id);
    if (!s || !s->record.next_at) continue;
    set_timer(*s, std::nullopt, out);
    store(*s, out);
  }
}

bool schedule_book::run_is_active(const live_schedule& s) const {
  if (!s.record.last_run) return false;
  const auto run = read_record<run_record>(around_.state, keys::run(*s.record.last_run));
  return run ? !is_terminal(run->status) : s.last_run_is_new;
}

// --- storing ------------------------------------------------------------------------------------

void schedule_book::set_timer(live_schedule& s, std::optional<timestamp> at, proposal& out) const {
  if (s.record.next_at)
    out.mutations.remove(family::timers, timer_of(s.record, runs_.partition(), *s.record.next_at).encode());
  s.record.next_at = at;
  if (!at) return;
  const auto timer = timer_of(s.record, runs_.partition(), *at);
  out.mutations.put(family::timers, timer.encode(), timer.owner.view());
  out.effects.push_back(arm_timer{timer});
}

std::string schedule_book::busy_key(const schedule_record& record) const {
  return keys::index_entry(runs_.partition(), keys::index_kind::busy_launchers, record.pipeline.raw, record.id.raw);
}

void schedule_book::store(live_schedule& s, proposal& out) const {
  out.mutations.put(family::state, keys::schedule(s.record.id), codec::encode(s.record));
  const bool busy = is_busy(s.record);
  if (busy && !s.busy) out.mutations.put(family::index, busy_key(s.record), {});
  if (!busy && s.busy) out.mutations.remove(family::index, busy_key(s.record));
  s.busy = busy;
}

void schedule_book::store_indexes(const schedule_record& record, proposal& out) const {
  using kind = keys::index_kind;
  const auto p = runs_.partition();
  out.mutations.put(family::index,
                    keys::index_entry(p, kind::schedules_of_pipeline, record.pipeline.raw, record.id.raw), {});
  out.mutations.put(family::index,
                    keys::index_entry(p, kind::schedules_of_workspace, record.workspace.raw, record.id.raw), {});
  out.mutations.add(family::counters,
                    keys::counter_of(p, keys::counter_kind::schedules_of_pipeline, record.pipeline.raw), 1);
  out.mutations.add(family::counters,
                    keys::counter_of(p, keys::counter_kind::schedules_of_workspace, record.workspace.raw), 1);
}

void schedule_book::erase(const live_schedule& s, proposal& out) const {
  using kind = keys::index_kind;
  const auto p = runs_.partition();
  const auto& record = s.record;
  if (record.next_at) out.mutations.remove(family::timers, timer_of(record, p, *record.next_at).encode());
  out.mutations.remove(family::state, keys::schedule(record.id));
  out.mutations.remove(family::index, busy_key(record));
  out.mutations.remove(family::index,
                       keys::index_entry(p, kind::schedules_of_pipeline, record.pipeline.raw, record.id.raw));
  out.mutations.remove(family::index,
                       keys::index_entry(p, kind::schedules_of_workspace, record.workspace.raw, record.id.raw));
  out.mutations.add(family::counters,
                    keys::counter_of(p, keys::counter_kind::schedules_of_pipeline, record.pipeline.raw), -1);
  out.mutations.add(family::counters,
                    keys::counter_of(p, keys::counter_kind::schedules_of_workspace, record.workspace.raw), -1);
}

std::vector<schedule_id> schedule_book::stored_ids(std::size_t count_max) const {
  std::vector<schedule_id> out;
  const auto prefix =
    keys::index_prefix(runs_.partition(), keys::index_kind::schedules_of_pipeline, runs_.record().id.raw);
  around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    out.push_back(schedule_id{keys::turned_id(key)});
    return out.size() < count_max;
  });
  // Those made a moment ago may not be in the store yet.
  const std::unordered_set<schedule_id> stored{out.begin(), out.end()};
  for (const auto& [id, s] : live_) {
    if (out.size() >= count_max) break;
    if (s && !stored.contains(id)) out.push_back(id);
  }
  return out;
}

std::set<schedule_id> schedule_book::ids() const {
  const auto stored = stored_ids(SIZE_MAX);
  std::set<schedule_id> out{stored.begin(), stored.end()};
  for (const auto& [id, s] : live_)
    if (s) out.insert(id);
  return out;
}

std::size_t schedule_book::clear(std::size_t count_max, proposal& out) {
  const auto found = stored_ids(count_max);
  for (const auto id : found) {
    if (auto* s = find(id)) erase(*s, out);
    live_[id] = nullptr;
  }
  return found.size();
}

} // namespace penstock
