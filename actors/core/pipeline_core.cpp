#include "actors/core/pipeline_core.hpp"

#include "actors/core/events.hpp"
#include "actors/core/requests.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/sealed_records.hpp"
#include "storage/run_keys.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// By schedules that are due together. One schedule's due times are not divided, so there may be some more.
constexpr std::size_t runs_born_at_once = 100;
/// Beyond any use, and few enough for a pipeline that runs itself to come to its end.
constexpr std::uint32_t child_depth_max = 32;
constexpr std::size_t connector_bytes_max = 100;

error no_pipeline(pipeline_id id) { return {errc::not_found, "there is no pipeline " + to_text(id), {}}; }

/// Whoever sent a message that was lost keeps it and sends it again.
gated_reply when_durable(std::function<void()> taken) {
  return [taken = std::move(taken)](const error* lost) {
    if (!lost) taken();
  };
}

std::string connector_of(const task_spec& task) {
  const auto* name = task.config.find("connector");
  const auto* text = name ? name->as_string() : nullptr;
  return text ? text->substr(0, connector_bytes_max) : std::string{};
}

/// Where data comes from and goes to, as lists tell it.
void describe_ends(const plan& p, pipeline_record& record) {
  record.source_type.clear();
  record.sink_type.clear();
  for (const auto& task : p.tasks) {
    if (task.type == task_type::source && record.source_type.empty()) record.source_type = connector_of(task);
    if (task.type == task_type::sink) record.sink_type = connector_of(task);
  }
}

} // namespace

pipeline_core::pipeline_core(const entity_surroundings& around, pipeline_id id)
    : around_(around), id_(id), leases_(around, id), schedules_(around, *this), backfills_(around, *this),
      dependencies_(around, *this) {}

result<void> pipeline_core::load() {
  if (record_) return {};
  auto record = read_record<pipeline_record>(around_.state, keys::pipeline(id_));
  if (!record) {
    if (record.error().code == errc::not_found) return unexpected(no_pipeline(id_));
    return unexpected(std::move(record).error());
  }
  record_ = std::move(*record);
  return {};
}

result<void> pipeline_core::require(workspace_id workspace) {
  if (auto loaded = load(); !loaded) return loaded;
  if (record_->workspace != workspace || record_->deleted) return unexpected(no_pipeline(id_));
  return {};
}

result<void> pipeline_core::require_state(const std::optional<pipeline_state>& wanted) const {
  if (!wanted || *wanted == pipeline_state::of(*record_)) return {};
  return fail(errc::precondition_failed, "the pipeline has been changed meanwhile; read it again");
}

void pipeline_core::note_change(timestamp now) {
  // Two changes within a millisecond make two states all the same.
  record_->updated_at = std::max(now, pipeline_state::of(*record_).changed_at + milliseconds{1});
}

result<void> pipeline_core::load_graph() {
  if (graph_) return {};
  auto graph = around_.plans.get(around_.state, around_.seals, record_->workspace, id_, record_->revision);
  if (!graph) return unexpected(std::move(graph).error());
  graph_ = std::move(*graph);
  return {};
}

result<void> pipeline_core::load_newest() {
  if (auto loaded = load_graph(); !loaded || newest_) return loaded;
  auto opened = open_revision(around_, *record_);
  if (!opened) return unexpected(std::move(opened).error());
  newest_ = std::move(*opened);
  return {};
}

std::unique_ptr<proposal> pipeline_core::handle(entity_command command, timestamp now) {
  auto& what = std::get<pipeline_command>(command);
  auto out = std::make_unique<proposal>();
  out->entity = id_.raw;
  if (auto* c = std::get_if<create_pipeline>(&what)) {
    auto done = create(*c, *out);
    out->answer(c->done, std::move(done));
  } else if (auto* u = std::get_if<update_pipeline>(&what)) {
    auto done = update(*u, now, *out);
    out->answer(u->done, std::move(done));
  } else if (auto* d = std::get_if<delete_pipeline>(&what)) {
    auto done = remove(*d, now, *out);
    out->answer(d->done, std::move(done));
  } else if (auto* s = std::get_if<start_run>(&what)) {
    auto done = start(*s, now, *out);
    if (done && s->wait)
      out->effects.insert(out->effects.begin(),
                          await_end{done->run.record.id, now + *s->wait, std::move(s->done), std::move(s->begun)});
    else out->answer(s->done, std::move(done));
  } else if (auto* made = std::get_if<schedule_created>(&what)) {
    out->answer(made->done, decided(made->record.workspace, [&] { return schedules_.create(*made, now, *out); }));
  } else if (auto* changed = std::get_if<schedule_changed>(&what)) {
    out->answer(changed->done, decided(changed->workspace, [&] { return change_schedule(*changed, now, *out); }));
  } else if (auto* gone = std::get_if<schedule_deleted>(&what)) {
    out->answer(gone->done, decided(gone->workspace, [&] { return remove_schedule(*gone, now, *out); }));
  } else if (auto* backfill = std::get_if<backfill_created>(&what)) {
    out->answer(backfill->done,
                decided(backfill->record.workspace, [&] { return backfills_.create(*backfill, now, *out); }));
  } else if (auto* action = std::get_if<backfill_changed>(&what)) {
    out->answer(action->done, decided(action->workspace, [&] { return backfills_.change(*action, now, *out); }));
  } else {
    hear(what, now, *out);
  }
  out->lasting = record_.has_value();
  return out;
}

void pipeline_core::store_header(proposal& out) const {
  out.mutations.put(family::state, keys::pipeline(id_), codec::encode(*record_));
  const auto what = record_->deleted ? standing_change::kind::deleted : standing_change::kind::described;
  out.standings.push_back({what, id_, record_->workspace, record_->type, record_->enabled});
}

void pipeline_core::store_revision(const compiled_definition& compiled, timestamp now, const std::string& by,
                                   proposal& out) {
  const auto place = [&](sealed_kind kind) {
    return sealed_place{record_->workspace, id_.raw, record_->revision, static_cast<std::uint8_t>(kind)};
  };
  revision_record revision;
  revision.revision = record_->revision;
  revision.created_at = now;
  revision.created_by = by;
  revision.sealed_definition = seal_record(around_.seals, place(sealed_kind::definition), compiled.source);
  revision.sealed_plan = seal_record(around_.seals, place(sealed_kind::plan), compiled.graph->definition);
  revision.warnings = compiled.warnings;
  out.mutations.put(family::state, keys::revision(id_, revision.revision), codec::encode(revision));
  describe_ends(compiled.graph->definition, *record_);
  newest_ = opened_revision{compiled.source, compiled.warnings};
  graph_ = compiled.graph;
  around_.plans.put(id_, revision.revision, graph_);
}

pipeline_view pipeline_core::view() {
  pipeline_view out{*record_, newest_->source, newest_->warnings, std::nullopt};
  add_runs(around_, out);
  if (record_->schedule) out.next_run_at = schedules_.own_next_at();
  return out;
}

result<pipeline_view> pipeline_core::create(create_pipeline& command, proposal& out) {
  if (load()) return fail(errc::already_exists, "there is a pipeline " + to_text(id_));
  if (auto fits = check_own_cron(command.record.schedule); !fits) return unexpected(std::move(fits).error());
  record_ = std::move(command.record);
  store_revision(command.compiled, record_->created_at, record_->created_by, out);
  store_header(out);
  out.mutations.put(family::index,
                    keys::index_entry(partition(), keys::index_kind::pipelines, record_->workspace.raw, id_.raw), {});
  out.mutations.put(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_), {});
  out.mutations.add(family::counters, keys::pipelines_of_workspace(partition(), record_->workspace), 1);
  remember_request(around_.seals, partition(), record_->workspace, command.once, id_.raw, record_->created_at, out);
  if (record_->schedule) schedules_.set_own(record_->schedule, record_->created_at, out);
  return view();
}

result<pipeline_view> pipeline_core::update(update_pipeline& command, timestamp now, proposal& out) {
  if (auto there = require(command.who.workspace); !there) return unexpected(there.error());
  if (auto loaded = load_newest(); !loaded) return unexpected(loaded.error());
  auto& patch = command.patch;
  if (auto same = require_state(patch.if_state); !same) return unexpected(same.error());
  if (patch.schedule)
    if (auto fits = check_own_cron(*patch.schedule); !fits) return unexpected(std::move(fits).error());
  if (patch.name && *patch.name != record_->name) {
    out.mutations.remove(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_));
    record_->name = std::move(*patch.name);
    out.mutations.put(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_), {});
  }
  if (patch.description) record_->description = std::move(*patch.description);
  if (patch.type) record_->type = *patch.type;
  const bool enabled = patch.enabled.value_or(record_->enabled) && !record_->enabled;
  const bool paused = record_->enabled && !patch.enabled.value_or(true);
  if (patch.enabled) record_->enabled = *patch.enabled;
  if (patch.schedule && *patch.schedule != record_->schedule) {
    record_->schedule = std::move(*patch.schedule);
    schedules_.set_own(record_->schedule, now, out);
  }
  if (patch.domain) record_->domain = *patch.domain;
  if (patch.tags) record_->tags = std::move(*patch.tags);
  if (const auto* members = patch.attributes.as_object())
    for (const auto& [name, v] : *members) record_->attributes.set(name, v);
  note_change(now);
  if (!command.compiled && patch.always_revise)
    command.compiled = compiled_definition{newest_->source, graph_, newest_->warnings};
  if (command.compiled) {
    ++record_->revision;
    store_revision(*command.compiled, now, command.who.subject, out);
  }
  store_header(out);
  if (paused) {
    schedules_.pipeline_disabled(out);
    raise_pipeline_paused(
      around_, *record_, [this] { return view(); }, now, out);
  }
  leases_.admit(limit(), out);
  if (enabled) {
    schedules_.pipeline_enabled(now, out);
    dependencies_.try_start(now, out);
  }
  return view();
}

result<void> pipeline_core::remove(delete_pipeline& command, timestamp now, proposal& out) {
  if (auto there = require(command.who.workspace); !there) return there;
  if (auto same = require_state(command.if_state); !same) return same;
  record_->deleted = true;
  store_header(out);
  out.mutations.remove(family::index,
                       keys::index_entry(partition(), keys::index_kind::pipelines, record_->workspace.raw, id_.raw));
  out.mutations.remove(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_));
  out.mutations.add(family::counters, keys::pipelines_of_workspace(partition(), record_->workspace), -1);
  set_clear_timer(now, out);
  return {};
}

void pipeline_core::forget_stored_children() {
  std::string bytes;
  std::erase_if(children_, [&](run_id id) { return around_.state.get(family::state, keys::run(id), bytes); });
  // Twice what is left, so that each child is looked at a bounded number of times.
  forget_children_at_ = std::max<std::size_t>(4'096, 2 * children_.size());
}

result<started_run> pipeline_core::start(start_run& command, timestamp now, proposal& out) {
  if (auto there = require(command.workspace); !there) return unexpected(there.error());
  if (command.type && *command.type != record_->type) return unexpected(no_pipeline(id_));
  if (command.parent && command.parent->depth > child_depth_max)
    return fail(errc::invalid_transition, "it would stand more than " + std::to_string(child_depth_max) +
                                            " runs below the one that was started first: pipelines run each other in a "
                                            "circle, or one itself");
  // A parent asks again after a crash: the run it asked for is there, or is being made.
  if (command.id) {
    if (children_.size() >= forget_children_at_) forget_stored_children();
    const bool is_new = children_.insert(*command.id).second;
    auto there = read_record<run_record>(around_.state, keys::run(*command.id));
    if (!there && there.error().code != errc::not_found) return unexpected(std::move(there).error());
    if (there || !is_new) {
      started_run known;
      known.run.record.id = *command.id;
      known.replayed = true;
      // How it ended, if it has: the parent may not have listened.
      if (there) known.run = open_run(around_.seals, std::move(*there));
      return known;
    }
  }
  const auto refuse = [&](error why) {
    if (command.id) children_.erase(*command.id);
    return unexpected(std::move(why));
  };
  if (auto loaded = load_graph(); !loaded) return refuse(loaded.error());
  const auto& graph = command.own ? command.own->graph : graph_;
  auto parameters = bind_parameters(graph->definition, command.parameters);
  if (!parameters) return refuse(std::move(parameters).error());

  run_order order;
  order.own = command.own ? &*command.own : nullptr;
  order.trigger = command.trigger;
  order.triggered_by = std::move(command.triggered_by);
  order.traceparent = std::move(command.traceparent);
  order.id = command.id;
  order.parent = command.parent;
  order.priority = command.priority;
  order.webhook = command.webhook;
  order.external_job_id = std::move(command.external_job_id);
  started_run started;
  started.run.parameters = *parameters;
  started.run.record = give_birth(order, graph, std::move(*parameters), now, out);
  started.run.record.sealed_parameters.clear();
  started.run.record.sealed_plan.clear();
  out.made = started.run.record.id;
  remember_request(around_.seals, partition(), record_->workspace, command.once, started.run.record.id.raw, now, out);
  return started;
}

run_record pipeline_core::give_birth(run_order& order, const std::shared_ptr<const bound_plan>& graph, value parameters,
                                     timestamp now, proposal& out) {
  run_record header;
  header.id = order.id.value_or(run_id{make_uuid7(now, id_.slot(), around_.random.next())});
  header.pipeline = id_;
  header.workspace = record_->workspace;
  header.revision = record_->revision;
  header.trigger = order.trigger;
  header.triggered_by = std::move(order.triggered_by);
  header.created_at = now;
  header.tasks_total = graph->size();
  header.parent = order.parent;
  header.traceparent = std::move(order.traceparent);
  header.webhook = order.webhook;
  header.external_job_id = std::move(order.external_job_id);
  header.logical_at = order.logical_at;
  header.launcher = order.launcher;
  header.reports_end = order.reports_end;
  header.priority =
    order.priority.value_or(static_cast<std::uint8_t>(graph->definition.priority.value_or(task_priority::normal)));
  // A child must not wait for its parent's lease, nor for another child's.
  header.holds_lease = limit() > 0 && !order.parent;
  const bool begins = !header.holds_lease || leases_.take(header.id, header.priority, limit(), out);
  header.status = begins ? run_status::running : run_status::pending;
  if (begins) header.started_at = now;
  if (const auto* members = parameters.as_object(); members && !members->empty())
    header.sealed_parameters = seal_value(around_.seals, place_of(header, sealed_kind::parameters), parameters);
  if (order.own)
    header.sealed_plan = seal_record(around_.seals, place_of(header, sealed_kind::plan), graph->definition);
  auto made = header;
  auto born = run_core::give_birth(around_, std::move(header), graph,
                                   std::make_shared<const value>(std::move(parameters)), now, out);
  const bool keep = born->state().is_under_way();
  out.born.push_back({made.id, keep, std::move(born)});
  return made;
}

result<run_record> pipeline_core::launch(run_order order, timestamp now, proposal& out) {
  if (auto loaded = load_graph(); !loaded) return unexpected(loaded.error());
  auto parameters = bind_parameters(graph_->definition, order.parameters);
  if (!parameters) return unexpected(std::move(parameters).error());
  return give_birth(order, graph_, std::move(*parameters), now, out);
}

result<void> pipeline_core::check_parameters(const value& parameters) {
  if (auto loaded = load_graph(); !loaded) return loaded;
  auto bound = bind_parameters(graph_->definition, parameters);
  return bound ? result<void>{} : unexpected(std::move(bound).error());
}

// --- what starts runs ---------------------------------------------------------------------------

void pipeline_core::hear(pipeline_command& command, timestamp now, proposal& out) {
  if (const auto* step = std::get_if<clear_step>(&command)) return clear(*step, now, out);
  if (auto* stop = std::get_if<stop_child>(&command)) {
    out.effects.push_back(tell_run{stop->child, cancel_run{std::move(stop->by)}, std::move(stop->taken)});
    return;
  }
  auto loaded = load();
  if (loaded) loaded = load_graph();
  if (auto* upstream = std::get_if<penstock::upstream_ended>(&command)) {
    if (loaded && !record_->deleted) dependencies_.upstream_ended(*upstream, now, out);
    if (upstream->taken) out.replies.push_back(when_durable(std::move(upstream->taken)));
  } else if (auto* fire = std::get_if<fire_schedules>(&command)) {
    fire_due(*fire, loaded.has_value(), now, out);
  } else if (!loaded) {
    return;
  } else if (const auto* expect = std::get_if<expect_schedules>(&command)) {
    schedules_.expect(*expect);
  } else if (const auto* over = std::get_if<run_over>(&command)) {
    end_of(*over, now, out);
  } else if (const auto* queued = std::get_if<queue_changed>(&command)) {
    leases_.change_priority(queued->run, queued->before, queued->after, out);
  } else {
    take_up_all(now, out);
  }
}

void pipeline_core::fire_due(fire_schedules& command, bool loaded, timestamp now, proposal& out) {
  out.due = command.due.size();
  for (auto timer = command.due.begin(); timer != command.due.end(); ++timer) {
    if (!loaded) {
      out.mutations.remove(family::timers, timer->encode());
      continue;
    }
    schedules_.fire(*timer, now, out);
    if (out.born.size() < runs_born_at_once) continue;
    // Each may catch up with many due times.
    command.due.erase(command.due.begin(), timer + 1);
    if (!command.due.empty()) out.effects.push_back(tell_pipeline{id_, pipeline_command{std::move(command)}});
    return;
  }
}

void pipeline_core::end_of(const run_over& message, timestamp now, proposal& out) {
  leases_.give_back(message.run, out);
  if (record_->deleted) return;
  if (message.launcher && message.trigger == trigger_kind::backfill)
    backfills_.run_over(backfill_id{*message.launcher}, message.run, message.status, now, out);
  else if (message.launcher) schedules_.run_over(schedule_id{*message.launcher}, message.run, now, out);
  leases_.admit(limit(), out);
}

void pipeline_core::take_up_all(timestamp now, proposal& out) {
  if (record_->deleted) return;
  leases_.let_again(out);
  leases_.admit(limit(), out);
  const auto prefix = keys::index_prefix(partition(), keys::index_kind::busy_launchers, id_.raw);
  around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    const auto launcher = keys::turned_id(key);
    if (!backfills_.take_up(backfill_id{launcher}, now, out)) schedules_.take_up(schedule_id{launcher}, now, out);
    return true;
  });
}

result<schedule_view> pipeline_core::change_schedule(schedule_changed& command, timestamp now, proposal& out) {
  auto changed = schedules_.change(command, now, out);
  // The pipeline shows its own schedule as a field.
  if (changed && changed->record.own && changed->record.cron != record_->schedule) {
    record_->schedule = changed->record.cron;
    note_change(now);
    store_header(out);
  }
  return changed;
}

result<void> pipeline_core::remove_schedule(const schedule_deleted& command, timestamp now, proposal& out) {
  auto removed = schedules_.remove(command, out);
  if (removed && command.id == own_schedule_id(id_)) {
    record_->schedule.reset();
    note_change(now);
    store_header(out);
  }
  return removed;
}

} // namespace penstock
