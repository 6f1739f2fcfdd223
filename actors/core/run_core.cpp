#include "actors/core/run_core.hpp"

#include "actors/core/events.hpp"
#include "actors/core/pool_records.hpp"
#include "actors/core/run_history.hpp"
#include "actors/core/sealed_records.hpp"
#include "runtime/lifecycle/run_items.hpp"
#include "runtime/model/json.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// How an attempt ends that could not even begin; trying again would not help.
attempt_ended refusal(const attempt_ref& ref, error why, timestamp at) {
  attempt_ended ended;
  ended.result.ref = ref;
  ended.result.outcome = attempt_outcome::failed;
  ended.result.why = std::move(why);
  ended.result.retryable = false;
  ended.result.started_at = ended.result.ended_at = at;
  return ended;
}

/// Where a run that has not ended stands among those of its pipeline.
std::string place_under_way(partition_id p, const run_record& run) {
  if (run.status == run_status::pending) return keys::queued_run(p, run.pipeline, run.priority, run.id);
  return keys::index_entry(p, keys::index_kind::active_runs, run.pipeline.raw, run.id.raw);
}

/// Others are derived again after a crash.
bool is_stored(const run_change& change) {
  return !std::holds_alternative<task_begun>(change) && !std::holds_alternative<fan_opened>(change) &&
         !std::holds_alternative<lease_asked>(change);
}

/// A table or process needs a directory of its own; a plain http call does not.
bool needs_directory(const task_spec& task, bool table_wanted) {
  return task.type != task_type::http || table_wanted || !task.checks.empty() || task.config.find("output");
}

/// Puts in what placeholders stand for: in the type's own fields, checks and secrets.
result<void> bind_fields(const attempt_binding& what, attempt_fields& fields) {
  const auto& spec = what.spec();
  placeholder_budget budget;
  const auto bind_text = [&](std::string& text) -> result<void> {
    if (text.find("{{") == std::string::npos) return {};
    auto bound = what.bind(value{text}, budget);
    if (!bound) return unexpected(std::move(bound).error());
    text = bound->as_string() ? *bound->as_string() : write_json(*bound);
    return {};
  };
  // First, for an error may quote them.
  fields.secrets = spec.secrets;
  for (auto& secret : fields.secrets)
    if (auto bound = bind_text(secret); !bound) return bound;
  auto config = what.bind(spec.config, budget);
  if (!config) return unexpected(std::move(config).error());
  fields.config = std::move(*config);
  fields.checks = spec.checks;
  for (auto& check : fields.checks)
    if (auto bound = bind_text(check.sql); !bound) return bound;
  return {};
}

/// The sender of a message that was lost keeps it and sends it again.
gated_reply when_durable(std::function<void()> taken) {
  return [taken = std::move(taken)](const error* lost) {
    if (!lost) taken();
  };
}

} // namespace

run_core::run_core(const entity_surroundings& around, run_id id) : around_(around), id_(id) {}

run_core::run_core(const entity_surroundings& around, run_state state)
    : around_(around), id_(state.header.id), state_(std::move(state)) {}

std::unique_ptr<run_core> run_core::give_birth(const entity_surroundings& around, run_record header,
                                               std::shared_ptr<const bound_plan> graph,
                                               std::shared_ptr<const value> parameters, timestamp now, proposal& out) {
  const auto p = partition_of(header.id.slot(), around.partition_count);
  out.mutations.put(family::state, keys::run(header.id), codec::encode(header));
  run_history::born(out.mutations, out.births, p, header);
  out.mutations.put(family::index, place_under_way(p, header), {});
  if (header.holds_lease && header.status == run_status::running)
    out.mutations.put(family::state, keys::lease(header.pipeline, header.id), {});
  std::unique_ptr<run_core> born{
    new run_core{around, load_run(std::move(header), std::move(graph), std::move(parameters), {})}};
  // A run that was just made takes every command that begins it; one that waits is begun by its pipeline.
  if (born->state_->header.status == run_status::running)
    (void)born->decide_and_apply(begin_run{}, now, out).has_value();
  return born;
}

result<void> run_core::load() {
  auto header = read_record<run_record>(around_.state, keys::run(id_));
  if (!header) {
    if (header.error().code == errc::not_found) return fail(errc::not_found, "there is no run " + to_text(id_));
    return unexpected(std::move(header).error());
  }
  auto graph = plan_of(around_, *header);
  if (!graph) return unexpected(std::move(graph).error());
  auto parameters = open_value(around_.seals, place_of(*header, sealed_kind::parameters), header->sealed_parameters);
  if (!parameters) return unexpected(std::move(parameters).error());
  auto tasks = read_tasks(around_.state, around_.seals, *header);
  if (!tasks) return unexpected(std::move(tasks).error());
  if (parameters->is_null()) *parameters = value::object{};
  state_ =
    load_run(std::move(*header), std::move(*graph), std::make_shared<const value>(std::move(*parameters)), *tasks);
  return {};
}

std::unique_ptr<proposal> run_core::handle(entity_command command, timestamp now) {
  auto& message = std::get<run_message>(command);
  auto out = std::make_unique<proposal>();
  out->entity = id_.raw;
  const auto refuse = [&](error why) {
    out->answer(message.done, result<run_view>{unexpected(std::move(why))});
    // A message that a run has no use for, or for a run that is gone, is taken all the same.
    if (message.taken) out->replies.push_back(when_durable(std::move(message.taken)));
  };

  if (!state_) {
    if (auto loaded = load(); !loaded) {
      // What an attempt wrote after its run was cleared away.
      if (loaded.error().code == errc::not_found && std::holds_alternative<attempt_ended>(message.command))
        out->effects.push_back(remove_files{id_});
      else if (const auto* lease = std::get_if<lease_granted>(&message.command); lease && lease->number != 0)
        leave_release(partition(), lease->pool, {id_, lease->task, lease->item}, lease->number, *out);
      refuse(loaded.error());
      return out;
    }
    // What was under way when it was put aside begins again, but for what waits in the store.
    if (!std::holds_alternative<resume_run>(message.command))
      (void)decide_and_apply(resume_run{}, now, *out).has_value();
  }
  if (message.workspace && *message.workspace != state_->header.workspace) {
    refuse({errc::not_found, "there is no run " + to_text(id_), {}});
  } else if (auto done = decide_and_apply(message.command, now, *out); !done) {
    refuse(done.error());
  } else {
    if (message.done) out->answer(message.done, result<run_view>{view()});
    if (message.taken) out->replies.push_back(when_durable(std::move(message.taken)));
  }
  // Only this memory knows what workers and children were asked for; sleeps and retries are in the store.
  out->keep = state_->is_under_way();
  return out;
}

result<void> run_core::decide_and_apply(const run_command& command, timestamp now, proposal& out) {
  run_context context{now, around_.random.next(), [this](const std::string& name) { return find_pipeline(name); },
                      [this](const std::string& pool) { return limit_of(around_, name_of(pool)).has_value(); }};
  auto decision = decide(*state_, command, context);
  if (!decision) return unexpected(std::move(decision).error());
  bool stored = false;
  const auto before = state_->header.status;
  for (auto& change : decision->changes) {
    penstock::apply(*state_, change);
    store(change, before, out);
    stored |= is_stored(change);
  }
  for (auto& effect : decision->effects) add_effect(std::move(effect), out);
  if (stored) out.effects.push_back(run_changed{id_});
  return {};
}

keys::timer run_core::timer_key(const timer_fired& what) const {
  return {partition(), what.due, static_cast<std::uint8_t>(what.kind), id_.raw, what.task, what.item, what.attempt};
}

void run_core::store(const run_change& change, run_status before, proposal& out) const {
  const auto& header = state_->header;
  if (const auto* c = std::get_if<task_recorded>(&change)) {
    auto record = c->record;
    record.sealed_error = seal_text(around_.seals, place_of(header, sealed_kind::error, c->task), c->error_text);
    record.sealed_items = seal_value(around_.seals, place_of(header, sealed_kind::items, c->task), c->items);
    const auto key = c->item == no_item ? keys::task(id_, c->task) : keys::item(id_, c->task, c->item);
    out.mutations.put(family::state, key, codec::encode(record));
  } else if (const auto* a = std::get_if<attempt_archived>(&change)) {
    const archived_attempt_record record{
      a->started_at, a->ended_at,
      seal_text(around_.seals, place_of(header, sealed_kind::error, a->task), a->error_text)};
    out.mutations.put(family::history, keys::archived_attempt(id_, a->task, a->item, a->attempt),
                      codec::encode(record));
  } else if (const auto* set = std::get_if<timer_set>(&change)) {
    const auto timer = timer_key(set->what);
    out.mutations.put(family::timers, timer.encode(), {});
    out.effects.push_back(arm_timer{timer});
  } else if (const auto* cleared = std::get_if<timer_cleared>(&change)) {
    out.mutations.remove(family::timers, timer_key(cleared->what).encode());
  } else if (const auto* left = std::get_if<message_left>(&change)) {
    store_message(*left, out);
  } else if (std::holds_alternative<run_ended>(change)) {
    store_end(before, out);
  } else if (std::holds_alternative<run_begun>(change)) {
    store_begin(out);
  } else if (std::holds_alternative<callees_found>(change)) {
    out.mutations.put(family::state, keys::run(id_), codec::encode(header));
  } else {
    store_pool_change(change, out);
  }
}

void run_core::store_message(const message_left& left, proposal& out) const {
  const auto& header = state_->header;
  message_record record;
  record.from = id_;
  record.to = left.to;
  record.workspace = header.workspace;
  record.task = left.task;
  record.item = left.item;
  record.through = left.through;
  std::string text;
  if (const auto* ended = std::get_if<child_ended>(&left.what)) {
    record.kind = message_child_ended;
    record.status = ended->status;
    text = ended->message;
  } else {
    record.kind = left.through ? message_stop_child : message_cancel;
    text = std::get<cancel_run>(left.what).by;
  }
  const sealed_place place{header.workspace, id_.raw, left.task, static_cast<std::uint8_t>(sealed_kind::message)};
  record.sealed_text = seal_text(around_.seals, place, text);
  auto key = keys::message(partition(), record.kind, id_, left.task, left.item);
  out.mutations.put(family::outbox, key, codec::encode(record));
  if (left.through)
    out.effects.push_back(
      send_message{std::move(key), left.through->raw, pipeline_command{stop_child{left.to, std::move(text), {}}}});
  else
    out.effects.push_back(std::visit(
      [&](const auto& what) {
        return send_message{std::move(key), left.to.raw, run_message{what, {}, {}, {}}};
      },
      left.what));
}

void run_core::store_begin(proposal& out) const {
  const auto& header = state_->header;
  const auto p = partition();
  out.mutations.put(family::state, keys::run(id_), codec::encode(header));
  out.mutations.remove(family::index, keys::queued_run(p, header.pipeline, header.priority, id_));
  out.mutations.put(family::index, place_under_way(p, header), {});
  run_history::moved(out.mutations, p, header, run_status::pending);
}

void run_core::store_end(run_status before, proposal& out) const {
  const auto& header = state_->header;
  auto record = header;
  record.sealed_error = seal_text(around_.seals, place_of(header, sealed_kind::error), state_->first_error);
  const auto p = partition();
  out.mutations.put(family::state, keys::run(id_), codec::encode(record));
  auto was = header;
  was.status = before;
  out.mutations.remove(family::index, place_under_way(p, was));
  run_history::moved(out.mutations, p, header, before);
  if (header.status != run_status::cancelled)
    out.standings.push_back({.what = standing_change::kind::run_ended,
                             .pipeline = header.pipeline,
                             .workspace = header.workspace,
                             .failing = header.status == run_status::failed});
  if (header.holds_lease) out.mutations.remove(family::state, keys::lease(header.pipeline, id_));
  if (header.holds_lease || header.reports_end)
    out.effects.push_back(
      tell_pipeline{header.pipeline, run_over{id_, header.status, header.launcher, header.trigger}});
  tell_dependents(out);
  raise_run_events(
    around_, header, [this] { return view(); }, out);
}

void run_core::tell_dependents(proposal& out) const {
  const auto& header = state_->header;
  const auto dependents =
    around_.registry->read([&](const system_tables& t) { return t.downstream_of(header.pipeline); });
  std::uint32_t number = 0;
  for (const auto& dependency : dependents) {
    message_record record;
    record.from = id_;
    record.to = run_id{dependency.downstream.raw};
    record.workspace = header.workspace;
    record.kind = message_upstream_ended;
    record.status = header.status;
    record.dependency = dependency;
    auto key = keys::message(partition(), record.kind, id_, number++, 0);
    out.mutations.put(family::outbox, key, codec::encode(record));
    out.effects.push_back(send_message{std::move(key), dependency.downstream.raw,
                                       pipeline_command{upstream_ended{dependency, id_, header.status, {}}}});
  }
}

void run_core::add_effect(run_effect effect, proposal& out) {
  const auto& header = state_->header;
  if (const auto* start = std::get_if<start_attempt>(&effect)) {
    out.effects.push_back(offer_attempt{request_for(start->ref)});
  } else if (std::holds_alternative<stop_attempts>(effect)) {
    out.effects.push_back(stop_run{id_});
  } else if (auto* child = std::get_if<start_child>(&effect)) {
    out.effects.push_back(ask_child{id_, header.workspace, std::move(*child), header.traceparent,
                                    header.parent ? header.parent->depth + 1 : 1});
  } else if (const auto* lease = std::get_if<ask_lease>(&effect)) {
    ask_pool_of(*lease, out);
  } else if (std::holds_alternative<reorder_attempts>(effect)) {
    out.effects.push_back(reorder_run{id_, static_cast<task_priority>(header.priority)});
  } else if (auto* report = std::get_if<report_failure>(&effect)) {
    out.effects.push_back(tell_run{id_, refusal(report->ref, std::move(report->why), header.created_at)});
  } else {
    out.effects.push_back(run_finished{std::make_shared<const run_view>(view())});
  }
}

run_view run_core::view() const {
  run_view out;
  out.record = state_->header;
  out.record.sealed_parameters.clear();
  out.record.sealed_plan.clear();
  out.parameters = *state_->parameters;
  out.error = state_->first_error;
  return out;
}

std::shared_ptr<attempt_request> run_core::request_for(const attempt_ref& ref) {
  const auto& spec = state_->graph->task(ref.task);
  auto request = std::make_shared<attempt_request>();
  request->ref = ref;
  request->workspace = state_->header.workspace;
  request->task.type = spec.type;
  request->priority = priority_of(state_->header, spec);
  request->expand_items = ref.item == expand_item;
  if (spec.type == task_type::noop && !request->expand_items) return request;
  request->task.id = spec.id;
  request->task.unavailable = spec.unavailable;
  request->task.priority_given = spec.priority_given || spec.priority != task_priority::normal;
  request->timeout_ms = spec.timeout_ms;
  request->traceparent = state_->header.traceparent;
  request->table_wanted = state_->graph->is_table_read[ref.task];
  request->needs_directory = request->expand_items || needs_directory(spec, request->table_wanted);
  add_paths(*request);
  if (request->expand_items) {
    request->fields.secrets = spec.secrets;
    request->fields.inputs.push_back(input_of(spec.for_each.table));
  } else {
    request->bind = [what = binding_of(*state_, ref.task, ref.item), tables = inputs_of(ref)](attempt_fields& fields) {
      fields.inputs = *tables;
      return bind_fields(what, fields);
    };
  }
  return request;
}

void run_core::add_paths(attempt_request& request) const {
  const auto run = to_text(id_);
  const auto unit = request.task.id + (request.ref.item >= expand_item ? "" : "/" + std::to_string(request.ref.item));
  request.artifact_path =
    "artifacts/" + run + "/" + unit + "/attempt-" + std::to_string(request.ref.attempt) + ".parquet";
  // The run's download has the documented place; other sinks, and items, have one of their own below it.
  const bool download = request.ref.task == state_->graph->last_sink && request.ref.item == no_item;
  request.output_path = "outputs/" + run + (download ? "" : "/" + unit);
}

input_table run_core::input_of(task_index need) const {
  input_table table{state_->graph->task(need).id, {}};
  for (const auto& file : state_->tasks[need].artifacts)
    if (file.path.starts_with("artifacts/")) table.files.push_back(around_.engines.data_dir + "/" + file.path);
  return table;
}

std::shared_ptr<const std::vector<input_table>> run_core::inputs_of(const attempt_ref& ref) {
  const bool is_item = ref.item < expand_item;
  if (is_item)
    if (const auto known = item_inputs_.find(ref.task); known != item_inputs_.end()) return known->second;
  std::vector<input_table> tables;
  for (const auto need : state_->graph->task(ref.task).needs) tables.push_back(input_of(need));
  auto shared = std::make_shared<const std::vector<input_table>>(std::move(tables));
  if (is_item) {
    std::erase_if(item_inputs_, [&](const auto& other) { return !state_->tasks[other.first].fan; });
    item_inputs_[ref.task] = shared;
  }
  return shared;
}

result<pipeline_id> run_core::find_pipeline(const std::string& name) const {
  std::vector<pipeline_id> found;
  const auto look_up = [&](pipeline_id id) {
    const auto record = read_record<pipeline_record>(around_.state, keys::pipeline(id));
    if (record && record->workspace == state_->header.workspace && !record->deleted) found.push_back(id);
  };
  for (partition_id p = 1; p <= around_.partition_count; ++p) {
    const auto prefix = keys::pipeline_name_prefix(p, state_->header.workspace, name);
    around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      found.push_back(pipeline_id{keys::plain_id(key)});
      return found.size() < 10;
    });
  }
  if (found.empty())
    if (const auto id = parse_uuid(name)) look_up(pipeline_id{*id});
  if (found.size() == 1) return found.front();
  if (found.empty()) return fail(errc::not_found, "there is no pipeline named " + name);
  std::string ids;
  for (const auto& id : found) ids += (ids.empty() ? "" : ", ") + to_text(id);
  return fail(errc::invalid_argument, "several pipelines are named " + name + ": " + ids + "; name one by its id");
}

} // namespace penstock
