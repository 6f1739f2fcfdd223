#include "actors/core/pipeline_core.hpp"

#include "actors/core/requests.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/sealed_records.hpp"

#include <algorithm>

namespace penstock {

namespace {

constexpr std::size_t runs_cleared_at_once = 100;
/// Until the runs that were cancelled with their pipeline have stopped.
constexpr milliseconds clear_pause{200};

error no_pipeline(pipeline_id id) { return {errc::not_found, "there is no pipeline " + to_text(id), {}}; }

/// Queues the answer behind what is being decided.
template <class T>
void answer(proposal& out, reply<T>& done, result<T> with) {
  if (done) out.replies.push_back(gate<T>(std::move(done), std::move(with)));
}

} // namespace

pipeline_core::pipeline_core(const entity_surroundings& around, pipeline_id id) : around_(around), id_(id) {}

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
    answer(*out, c->done, std::move(done));
  } else if (auto* u = std::get_if<update_pipeline>(&what)) {
    auto done = update(*u, now, *out);
    answer(*out, u->done, std::move(done));
  } else if (auto* d = std::get_if<delete_pipeline>(&what)) {
    auto done = remove(*d, now, *out);
    answer(*out, d->done, std::move(done));
  } else if (auto* s = std::get_if<start_run>(&what)) {
    auto done = start(*s, now, *out);
    if (done && s->wait)
      out->effects.insert(out->effects.begin(), await_end{done->run.record.id, now + *s->wait, std::move(s->done)});
    else answer(*out, s->done, std::move(done));
  } else {
    clear(std::get<clear_step>(what), now, *out);
  }
  out->lasting = record_.has_value();
  return out;
}

void pipeline_core::store_header(proposal& out) const {
  out.mutations.put(family::state, keys::pipeline(id_), codec::encode(*record_));
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
  newest_ = opened_revision{compiled.source, compiled.warnings};
  graph_ = compiled.graph;
  around_.plans.put(id_, revision.revision, graph_);
}

pipeline_view pipeline_core::view() const { return {*record_, newest_->source, newest_->warnings, std::nullopt}; }

result<pipeline_view> pipeline_core::create(create_pipeline& command, proposal& out) {
  if (load()) return fail(errc::already_exists, "there is a pipeline " + to_text(id_));
  record_ = std::move(command.record);
  store_header(out);
  store_revision(command.compiled, record_->created_at, record_->created_by, out);
  out.mutations.put(family::index,
                    keys::index_entry(partition(), keys::index_kind::pipelines, record_->workspace.raw, id_.raw), {});
  out.mutations.put(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_), {});
  out.mutations.add(family::counters, keys::pipelines_of_workspace(partition(), record_->workspace), 1);
  remember_request(around_.seals, partition(), record_->workspace, command.once, id_.raw, record_->created_at, out);
  return view();
}

result<pipeline_view> pipeline_core::update(update_pipeline& command, timestamp now, proposal& out) {
  if (auto there = require(command.who.workspace); !there) return unexpected(there.error());
  if (auto loaded = load_newest(); !loaded) return unexpected(loaded.error());
  auto& patch = command.patch;
  if (patch.if_revision && *patch.if_revision != record_->revision)
    return fail(errc::precondition_failed, "the pipeline is at revision " + std::to_string(record_->revision) +
                                             ", not " + std::to_string(*patch.if_revision));
  if (patch.name && *patch.name != record_->name) {
    out.mutations.remove(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_));
    record_->name = std::move(*patch.name);
    out.mutations.put(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_), {});
  }
  if (patch.description) record_->description = std::move(*patch.description);
  if (patch.enabled) record_->enabled = *patch.enabled;
  if (patch.schedule) record_->schedule = std::move(*patch.schedule);
  if (patch.domain) record_->domain = *patch.domain;
  if (patch.tags) record_->tags = std::move(*patch.tags);
  if (const auto* members = patch.attributes.as_object())
    for (const auto& [name, v] : *members) record_->attributes.set(name, v);
  record_->updated_at = now;
  if (!command.compiled && patch.always_revise)
    command.compiled = compiled_definition{newest_->source, graph_, newest_->warnings};
  if (command.compiled) {
    ++record_->revision;
    store_revision(*command.compiled, now, command.who.subject, out);
  }
  store_header(out);
  return view();
}

result<void> pipeline_core::remove(delete_pipeline& command, timestamp now, proposal& out) {
  if (auto there = require(command.who.workspace); !there) return there;
  record_->deleted = true;
  store_header(out);
  out.mutations.remove(family::index,
                       keys::index_entry(partition(), keys::index_kind::pipelines, record_->workspace.raw, id_.raw));
  out.mutations.remove(family::index, keys::pipeline_name(partition(), record_->workspace, record_->name, id_));
  out.mutations.add(family::counters, keys::pipelines_of_workspace(partition(), record_->workspace), -1);
  const auto timer = clear_timer(now);
  out.mutations.put(family::timers, timer.encode(), {});
  out.effects.push_back(arm_timer{timer});
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
  // A parent asks again after a crash: the run it asked for is there, or is being made.
  if (command.id) {
    if (children_.size() >= forget_children_at_) forget_stored_children();
    std::string bytes;
    if (!children_.insert(*command.id).second || around_.state.get(family::state, keys::run(*command.id), bytes)) {
      started_run known;
      known.run.record.id = *command.id;
      known.replayed = true;
      return known;
    }
  }
  if (!command.own)
    if (auto loaded = load_graph(); !loaded) return unexpected(loaded.error());
  const auto& graph = command.own ? command.own->graph : graph_;
  auto parameters = bind_parameters(graph->definition, command.parameters);
  if (!parameters) {
    if (command.id) children_.erase(*command.id);
    return unexpected(std::move(parameters).error());
  }

  run_record header;
  header.id = command.id.value_or(run_id{make_uuid7(now, id_.slot(), around_.random.next())});
  header.pipeline = id_;
  header.workspace = record_->workspace;
  header.revision = record_->revision;
  header.status = run_status::running;
  header.trigger = command.trigger;
  header.triggered_by = std::move(command.triggered_by);
  header.created_at = header.started_at.emplace(now);
  header.tasks_total = graph->size();
  header.parent = command.parent;
  header.traceparent = std::move(command.traceparent);
  if (const auto* members = parameters->as_object(); members && !members->empty())
    header.sealed_parameters = seal_value(around_.seals, place_of(header, sealed_kind::parameters), *parameters);
  if (command.own)
    header.sealed_plan = seal_record(around_.seals, place_of(header, sealed_kind::plan), graph->definition);

  remember_request(around_.seals, partition(), record_->workspace, command.once, header.id.raw, now, out);
  started_run started;
  started.run.record = header;
  started.run.record.sealed_parameters.clear();
  started.run.record.sealed_plan.clear();
  started.run.parameters = *parameters;
  auto born = run_core::give_birth(around_, std::move(header), graph,
                                   std::make_shared<const value>(std::move(*parameters)), now, out);
  const bool keep = born->state().is_under_way();
  out.born.push_back({started.run.record.id, keep, std::move(born)});
  return started;
}

keys::timer pipeline_core::clear_timer(timestamp due) const {
  return {partition(), due, static_cast<std::uint8_t>(timer_kind::clear_pipeline), id_.raw, 0, 0, 0};
}

void pipeline_core::clear_run(run_id id, proposal& out) const {
  const auto header = read_record<run_record>(around_.state, keys::run(id));
  const auto p = partition();
  const auto remove_all = [&](family f, const std::string& prefix) {
    around_.state.scan(f, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      out.mutations.remove(f, key);
      return true;
    });
  };
  remove_all(family::state, keys::tasks_prefix(id));
  remove_all(family::history, keys::history_prefix(id));
  out.mutations.remove(family::state, keys::run(id));
  out.mutations.remove(family::index, keys::index_entry(p, keys::index_kind::runs_of_pipeline, id_.raw, id.raw));
  out.mutations.remove(family::index,
                       keys::index_entry(p, keys::index_kind::runs_of_workspace, record_->workspace.raw, id.raw));
  if (header) {
    out.mutations.remove(family::index, keys::ended_run(p, id_, header->status, id));
    out.mutations.add(family::counters, keys::runs_of_pipeline(p, id_, header->status), -1);
    out.mutations.add(family::counters, keys::runs_of_workspace(p, record_->workspace, header->status), -1);
  }
  out.effects.push_back(remove_files{id});
}

void pipeline_core::clear_self(proposal& out) const {
  for (std::uint32_t revision = 1; revision <= record_->revision; ++revision)
    out.mutations.remove(family::state, keys::revision(id_, revision));
  out.mutations.remove(family::state, keys::pipeline(id_));
}

void pipeline_core::clear(const clear_step& command, timestamp now, proposal& out) {
  out.mutations.remove(family::timers, command.timer.encode());
  if (!load() || !record_->deleted) return;
  std::size_t seen = 0;
  std::size_t active = 0;
  const auto prefix = keys::index_prefix(partition(), keys::index_kind::runs_of_pipeline, id_.raw);
  around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    const run_id id{keys::turned_id(key)};
    const auto header = read_record<run_record>(around_.state, keys::run(id));
    if (header && !is_terminal(header->status)) {
      out.effects.push_back(tell_run{id, cancel_run{"deletion of the pipeline"}});
      ++active;
    } else {
      clear_run(id, out);
    }
    return ++seen < runs_cleared_at_once;
  });
  if (seen == 0) {
    clear_self(out);
    return;
  }
  const auto again = clear_timer(active > 0 ? now + clear_pause : now + milliseconds{1});
  out.mutations.put(family::timers, again.encode(), {});
  out.effects.push_back(arm_timer{again});
}

} // namespace penstock
