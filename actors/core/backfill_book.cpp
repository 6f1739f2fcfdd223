#include "actors/core/backfill_book.hpp"

#include "actors/core/requests.hpp"
#include "actors/core/schedule_records.hpp"
#include "actors/core/sealed_records.hpp"

#include <algorithm>

namespace penstock {

namespace {

error no_backfill(backfill_id id) { return {errc::not_found, "there is no backfill " + to_text(id), {}}; }

error wrong_state(const backfill_record& record, std::string_view action) {
  const auto what = record.dry_run ? std::string{"a dry run, which starts nothing,"}
                                   : "a backfill that is " + std::string{to_text(record.status)};
  return {errc::invalid_transition, what + " cannot be " + std::string{action}, {}};
}

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
  b = std::make_unique<live_backfill>(live_backfill{std::move(*record), std::move(*intervals), std::move(*parameters)});
  return b.get();
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
  b = std::make_unique<live_backfill>(
    live_backfill{std::move(record), std::move(*intervals), std::move(command.parameters)});
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
      for (const auto run : record.active_runs) out.effects.push_back(tell_run{run, cancel_run{"its backfill"}});
      end(*b, backfill_status::cancelled, now, out);
      break;
    case backfill_action::retry_failed:
      if (status == backfill_status::cancelled || record.dry_run) return unexpected(wrong_state(record, "retried"));
      if (record.failed.empty()) return fail(errc::invalid_transition, "the backfill has no failed intervals to retry");
      record.again.insert(record.again.begin(), record.failed.rbegin(), record.failed.rend());
      record.intervals_failed -= static_cast<std::uint32_t>(record.failed.size());
      record.failed.clear();
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

bool backfill_book::run_over(backfill_id id, run_id run, run_status status, timestamp now, proposal& out) {
  auto* b = find(id);
  if (!b) return false;
  count(*b, run, status);
  advance(*b, now, out);
  return true;
}

bool backfill_book::take_up(backfill_id id, timestamp now, proposal& out) {
  auto* b = find(id);
  if (!b) return false;
  const auto active = b->record.active_runs;
  for (const auto run : active) {
    const auto record = read_record<run_record>(around_.state, keys::run(run));
    // One that is gone was deleted, and its interval with it.
    if (!record) count(*b, run, run_status::cancelled);
    else if (is_terminal(record->status)) count(*b, run, record->status);
  }
  advance(*b, now, out);
  return true;
}

void backfill_book::count(live_backfill& b, run_id run, run_status status) {
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
    record.failed.push_back(number);
  }
}

std::optional<std::uint32_t> backfill_book::take_next(backfill_record& record) {
  if (!record.again.empty()) {
    const auto number = record.again.back();
    record.again.pop_back();
    return number;
  }
  if (record.intervals_begun < record.intervals_total) return record.intervals_begun++;
  return std::nullopt;
}

void backfill_book::advance(live_backfill& b, timestamp now, proposal& out) {
  auto& record = b.record;
  if (record.status == backfill_status::running) {
    while (record.active.size() < record.concurrency) {
      const auto number = take_next(record);
      if (!number) break;
      if (start(b, *number, now, out)) continue;
      // The next one would fail alike: it waits for a change of the pipeline, and for a person.
      record.again.push_back(*number);
      record.status = backfill_status::paused;
      break;
    }
    if (record.active.empty() && record.again.empty() && record.intervals_begun == record.intervals_total) {
      end(b, record.failed.empty() ? backfill_status::completed : backfill_status::failed, now, out);
      return;
    }
  }
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

void backfill_book::end(live_backfill& b, backfill_status status, timestamp now, proposal& out) {
  b.record.status = status;
  b.record.ended_at = now;
  out.mutations.remove(family::index, busy_key(b.record));
  store(b, out);
}

std::string backfill_book::busy_key(const backfill_record& record) const {
  return keys::index_entry(runs_.partition(), keys::index_kind::busy_launchers, record.pipeline.raw, record.id.raw);
}

void backfill_book::store(const live_backfill& b, proposal& out) const {
  out.mutations.put(family::state, keys::backfill(b.record.id), codec::encode(b.record));
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

std::size_t backfill_book::clear(std::size_t count_max, proposal& out) {
  std::vector<backfill_id> found;
  const auto prefix =
    keys::index_prefix(runs_.partition(), keys::index_kind::backfills_of_pipeline, runs_.record().id.raw);
  around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    found.push_back(backfill_id{keys::turned_id(key)});
    return found.size() < count_max;
  });
  for (const auto id : found) {
    if (const auto* b = find(id)) {
      out.mutations.remove(family::state, keys::backfill(id));
      out.mutations.remove(family::index, busy_key(b->record));
      store_indexes(b->record, false, out);
    }
    live_[id] = nullptr;
  }
  return found.size();
}

} // namespace penstock
