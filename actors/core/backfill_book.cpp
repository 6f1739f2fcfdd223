#include "actors/core/backfill_book.hpp"

#include "actors/core/requests.hpp"
#include "actors/core/schedule_records.hpp"
#include "actors/core/sealed_records.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

error no_backfill(backfill_id id) { return {errc::not_found, "there is no backfill " + to_text(id), {}}; }

error wrong_state(const backfill_record& record, std::string_view action) {
  const auto what = record.dry_run ? std::string{"a dry run, which starts nothing,"}
                                   : "a backfill that is " + std::string{to_text(record.status)};
  return {errc::invalid_transition, what + " cannot be " + std::string{action}, {}};
}

/// Backfills that one step takes out.
constexpr std::size_t cleared_at_once = 100;

/// The interval's bounds beside what the client set.
value parameters_of(const value& given, const time_span& span) {
  value out{value::object{}};
  out.set("interval_start", to_rfc3339(span.begin));
  out.set("interval_end", to_rfc3339(span.end));
  if (const auto* members = given.as_object())
    for (const auto& [name, v] : *members) out.set(name, v);
  return out;
}

} // namespace

backfill_book::live_backfill* backfill_book::find(backfill_id id) {
  if (const auto it = live_.find(id); it != live_.end()) return it->second.get();
  auto record = read_record<backfill_record>(around_.state, keys::backfill(id));
  if (!record || record->pipeline != runs_.record().id) return nullptr;
  auto intervals = intervals_of(*record);
  auto parameters = open_value(around_.seals, parameters_place(*record), record->sealed_parameters);
  if (!intervals || !parameters) return nullptr;
  auto& b = live_[id];
  b = std::make_unique<live_backfill>();
  b->record = std::move(*record);
  b->intervals = std::move(*intervals);
  b->parameters = std::move(*parameters);
  read_open_intervals(*b);
  return b.get();
}

void backfill_book::read_open_intervals(live_backfill& b) const {
  auto& record = b.record;
  b.listed = !record.failed.empty() || !record.again.empty();
  if (b.listed) record.round = 1;
  b.failed = std::move(record.failed);
  b.again = std::move(record.again);
  record.failed.clear();
  record.again.clear();
  if (b.listed) return;
  const auto prefix = keys::open_intervals_prefix(record.id);
  around_.state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view bytes) {
    const auto open = codec::decode<open_interval_record>(bytes);
    if (open) (open->round < record.round ? b.again : b.failed).push_back(keys::interval_number(key));
    return true;
  });
  std::reverse(b.again.begin(), b.again.end());
}

result<backfill_view> backfill_book::create(backfill_created& command, timestamp now, proposal& out) {
  auto record = std::move(command.record);
  record.pipeline = runs_.record().id;
  record.workspace = runs_.record().workspace;
  record.created_at = now;
  auto intervals = intervals_of(record);
  if (!intervals) return unexpected(std::move(intervals).error());
  if (auto fits = runs_.check_parameters(parameters_of(command.parameters, (*intervals)[0])); !fits)
    return unexpected(std::move(fits).error());
  record.intervals_total = static_cast<std::uint32_t>(intervals->size());
  record.status = record.dry_run ? backfill_status::pending : backfill_status::running;
  record.sealed_parameters = seal_value(around_.seals, parameters_place(record), command.parameters);
  auto& b = live_[record.id];
  b = std::make_unique<live_backfill>();
  b->record = std::move(record);
  b->intervals = std::move(*intervals);
  b->parameters = std::move(command.parameters);
  store_indexes(b->record, true, out);
  remember_request(around_.seals, runs_.partition(), b->record.workspace, command.once, b->record.id.raw, now, out);
  if (b->record.dry_run) {
    store(*b, out);
  } else {
    out.mutations.put(family::index, busy_key(b->record), {});
    advance(*b, now, out);
  }
  return open_backfill(around_.seals, b->record);
}

result<backfill_view> backfill_book::change(const backfill_changed& command, timestamp now, proposal& out) {
  auto* b = find(command.id);
  if (!b) return unexpected(no_backfill(command.id));
  auto& record = b->record;
  const auto status = record.status;
  switch (command.action) {
    case backfill_action::pause:
      if (status != backfill_status::running) return unexpected(wrong_state(record, "paused"));
      record.status = backfill_status::paused;
      store(*b, out);
      break;
    case backfill_action::resume:
      if (status != backfill_status::paused) return unexpected(wrong_state(record, "resumed"));
      record.status = backfill_status::running;
      advance(*b, now, out);
      break;
    case backfill_action::cancel:
      if (is_terminal(status) || record.dry_run) return unexpected(wrong_state(record, "cancelled"));
      cancel(*b, now, out);
      break;
    case backfill_action::retry_failed:
      if (status == backfill_status::cancelled || record.dry_run) return unexpected(wrong_state(record, "retried"));
      if (b->failed.empty()) return fail(errc::invalid_transition, "the backfill has no failed intervals to retry");
      b->again.insert(b->again.begin(), b->failed.rbegin(), b->failed.rend());
      b->failed.clear();
      record.intervals_failed = 0;
      ++record.round;
      if (is_terminal(status)) {
        record.status = backfill_status::running;
        record.ended_at.reset();
        out.mutations.put(family::index, busy_key(record), {});
      }
      advance(*b, now, out);
      break;
  }
  return open_backfill(around_.seals, record);
}

void backfill_book::run_over(backfill_id id, run_id run, run_status status, timestamp now, proposal& out) {
  auto* b = find(id);
  if (!b) return;
  count(*b, run, status, out);
  advance(*b, now, out);
}

bool backfill_book::take_up(backfill_id id, timestamp now, proposal& out) {
  auto* b = find(id);
  if (!b) return false;
  const auto active = b->record.active_runs;
  for (const auto run : active) {
    const auto record = read_record<run_record>(around_.state, keys::run(run));
    // One that is gone was deleted, and its interval with it.
    if (!record) count(*b, run, run_status::cancelled, out);
    else if (is_terminal(record->status)) count(*b, run, record->status, out);
    else if (b->record.status == backfill_status::cancelled)
      out.effects.push_back(tell_run{run, cancel_run{"its backfill"}});
  }
  advance(*b, now, out);
  return true;
}

void backfill_book::count(live_backfill& b, run_id run, run_status status, proposal& out) {
  auto& record = b.record;
  const auto it = std::find(record.active_runs.begin(), record.active_runs.end(), run);
  if (it == record.active_runs.end()) return;
  const auto place = it - record.active_runs.begin();
  const auto number = record.active[static_cast<std::size_t>(place)];
  record.active_runs.erase(it);
  record.active.erase(record.active.begin() + place);
  // What a cancel of the whole stopped is neither done nor failed.
  if (record.status == backfill_status::cancelled) return;
  if (status == run_status::succeeded) {
    ++record.intervals_completed;
  } else {
    ++record.intervals_failed;
    b.failed.push_back(number);
    out.mutations.put(family::state, keys::open_interval(record.id, number),
                      codec::encode(open_interval_record{record.round}));
  }
}

std::optional<std::uint32_t> backfill_book::next(const live_backfill& b) {
  if (!b.again.empty()) return b.again.back();
  if (b.record.intervals_begun < b.record.intervals_total) return b.record.intervals_begun;
  return std::nullopt;
}

void backfill_book::took_next(live_backfill& b, proposal& out) {
  if (b.again.empty()) {
    ++b.record.intervals_begun;
    return;
  }
  out.mutations.remove(family::state, keys::open_interval(b.record.id, b.again.back()));
  b.again.pop_back();
}

void backfill_book::advance(live_backfill& b, timestamp now, proposal& out) {
  auto& record = b.record;
  while (record.status == backfill_status::running && record.active.size() < record.concurrency) {
    const auto number = next(b);
    if (!number) break;
    if (start(b, *number, now, out)) took_next(b, out);
    // The next one would fail alike: it waits for a change of the pipeline, and for a person.
    else record.status = backfill_status::paused;
  }
  if (record.status == backfill_status::running && record.active.empty()) {
    record.status = b.failed.empty() ? backfill_status::completed : backfill_status::failed;
    record.ended_at = now;
  }
  rest_if_over(b, out);
  store(b, out);
}

bool backfill_book::start(live_backfill& b, std::uint32_t number, timestamp now, proposal& out) {
  auto& record = b.record;
  const auto span = (*b.intervals)[number];
  run_order order;
  order.parameters = parameters_of(b.parameters, span);
  order.trigger = trigger_kind::backfill;
  order.triggered_by = to_text(record.id);
  order.logical_at = span.begin;
  order.launcher = record.id.raw;
  order.reports_end = true;
  order.priority = record.priority;
  auto started = runs_.launch(std::move(order), now, out);
  if (!started) {
    record.sealed_error = seal_text(around_.seals, error_place(record), started.error().message);
    return false;
  }
  record.sealed_error.clear();
  record.active.push_back(number);
  record.active_runs.push_back(started->id);
  return true;
}

void backfill_book::cancel(live_backfill& b, timestamp now, proposal& out) {
  for (const auto run : b.record.active_runs) out.effects.push_back(tell_run{run, cancel_run{"its backfill"}});
  b.record.status = backfill_status::cancelled;
  b.record.ended_at = now;
  rest_if_over(b, out);
  store(b, out);
}

/// A crash may swallow the cancels of runs: until they have ended, it is taken up again.
void backfill_book::rest_if_over(const live_backfill& b, proposal& out) const {
  if (is_terminal(b.record.status) && b.record.active_runs.empty())
    out.mutations.remove(family::index, busy_key(b.record));
}

std::string backfill_book::busy_key(const backfill_record& record) const {
  return keys::index_entry(runs_.partition(), keys::index_kind::busy_launchers, record.pipeline.raw, record.id.raw);
}

void backfill_book::store(live_backfill& b, proposal& out) const {
  const auto& record = b.record;
  out.mutations.put(family::state, keys::backfill(record.id), codec::encode(record));
  if (!std::exchange(b.listed, false)) return;
  const auto keep = [&](const std::vector<std::uint32_t>& numbers, std::uint32_t round) {
    for (const auto number : numbers)
      out.mutations.put(family::state, keys::open_interval(record.id, number),
                        codec::encode(open_interval_record{round}));
  };
  keep(b.failed, record.round);
  keep(b.again, record.round - 1);
}

void backfill_book::store_indexes(const backfill_record& record, bool there, proposal& out) const {
  const auto p = runs_.partition();
  const auto entry = [&](keys::index_kind kind, const uuid& owner) {
    const auto key = keys::index_entry(p, kind, owner, record.id.raw);
    if (there) out.mutations.put(family::index, key, {});
    else out.mutations.remove(family::index, key);
  };
  entry(keys::index_kind::backfills_of_pipeline, record.pipeline.raw);
  entry(keys::index_kind::backfills_of_workspace, record.workspace.raw);
  const auto delta = there ? 1 : -1;
  out.mutations.add(family::counters,
                    keys::counter_of(p, keys::counter_kind::backfills_of_pipeline, record.pipeline.raw), delta);
  out.mutations.add(family::counters,
                    keys::counter_of(p, keys::counter_kind::backfills_of_workspace, record.workspace.raw), delta);
}

bool backfill_book::clear(bounded_removal& room, proposal& out) {
  std::vector<backfill_id> found;
  const auto prefix =
    keys::index_prefix(runs_.partition(), keys::index_kind::backfills_of_pipeline, runs_.record().id.raw);
  around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    found.push_back(backfill_id{keys::turned_id(key)});
    return found.size() < cleared_at_once;
  });
  for (const auto id : found) {
    if (!room.remove_all(family::state, keys::open_intervals_prefix(id))) break;
    if (const auto* b = find(id)) {
      out.mutations.remove(family::state, keys::backfill(id));
      out.mutations.remove(family::index, busy_key(b->record));
      store_indexes(b->record, false, out);
    }
    live_[id] = nullptr;
  }
  return !found.empty();
}

} // namespace penstock
