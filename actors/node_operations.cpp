#include "actors/core/run_figures.hpp"
#include "actors/latest_reader.hpp"
#include "actors/node_impl.hpp"

#include <caf/all.hpp>

#include <filesystem>

namespace penstock {

void node_impl::submit(const uuid& entity, entity_command command, audit_note_ptr note) {
  caf::anon_send(gateway_, std::make_shared<submission>(submission{entity, std::move(command), true, std::move(note)}));
}

void node_impl::pass(const uuid& entity, entity_command command) {
  caf::anon_send(gateway_, std::make_shared<submission>(submission{entity, std::move(command), false}));
}

result<compiled_definition> node_impl::compile_definition(const definition& source, const compile_options& defaults) {
  auto options = defaults;
  options.sql_error = sql_error_;
  options.limits = settings_.definitions;
  auto compiled = compile(source, options);
  if (!compiled) return unexpected(std::move(compiled).error());
  return compiled_definition{source, bind_plan(std::move(compiled->compiled)), std::move(compiled->warnings)};
}

// --- pipelines ----------------------------------------------------------------------------------

void node_impl::create_pipeline(const caller& who, pipeline_draft draft, request_key once, reply<pipeline_view> done) {
  post_or_refuse(*thinking_, done, [this, who, draft = std::move(draft), once = std::move(once), done]() mutable {
    auto compiled = compile_definition(draft.source, draft.defaults);
    if (!compiled) {
      done(unexpected(std::move(compiled).error()));
      return;
    }
    // A repeated request must find the partition that knows of the first one.
    auto slot = static_cast<slot_number>(random_->next() % slot_count);
    if (!once.key.empty()) {
      const auto hash = seals_.keyed_hash(std::string{who.workspace.view()} + once.key);
      slot = static_cast<slot_number>((static_cast<std::uint8_t>(hash[0]) << 8 | static_cast<std::uint8_t>(hash[1])) %
                                      slot_count);
    }
    const auto now = clock_->now();
    penstock::create_pipeline command;
    auto& record = command.record;
    record.id = pipeline_id{make_uuid7(now, slot, random_->next())};
    record.workspace = who.workspace;
    record.name = std::move(draft.name);
    record.description = std::move(draft.description);
    record.enabled = draft.enabled;
    record.schedule = std::move(draft.schedule);
    record.domain = draft.domain;
    record.type = draft.type;
    record.tags = std::move(draft.tags);
    record.created_at = now;
    record.created_by = who.subject;
    record.attributes = std::move(draft.attributes);
    command.compiled = std::move(*compiled);
    command.once = std::move(once);
    command.done = std::move(done);
    const auto id = record.id;
    submit(id.raw, pipeline_command{std::move(command)}, note_of(who, id.raw));
  });
}

void node_impl::update_pipeline(const caller& who, pipeline_id id, pipeline_patch patch, reply<pipeline_view> done) {
  auto note = note_of(who, id.raw);
  if (!patch.source) {
    submit(id.raw, pipeline_command{penstock::update_pipeline{who, std::move(patch), std::nullopt, std::move(done)}},
           std::move(note));
    return;
  }
  post_or_refuse(*thinking_, done, [this, who, id, patch = std::move(patch), note = std::move(note), done]() mutable {
    auto compiled = compile_definition(*patch.source, patch.defaults);
    if (!compiled) done(unexpected(std::move(compiled).error()));
    else
      submit(id.raw,
             pipeline_command{penstock::update_pipeline{who, std::move(patch), std::move(*compiled), std::move(done)}},
             std::move(note));
  });
}

void node_impl::delete_pipeline(const caller& who, pipeline_id id, std::optional<pipeline_state> if_state,
                                reply<void> done) {
  submit(id.raw, pipeline_command{penstock::delete_pipeline{who, std::move(done), if_state}}, note_of(who, id.raw));
}

void node_impl::get_pipeline(const caller& who, pipeline_id id, reply<pipeline_view> done) {
  answer_from_pool<pipeline_view>(std::move(done),
                                  [this, workspace = who.workspace, id] { return reads_.pipeline(workspace, id); });
}

void node_impl::list_pipelines(const caller& who, pipeline_filter filter, page which,
                               reply<listing<pipeline_view>> done) {
  answer_from_pool<listing<pipeline_view>>(
    std::move(done), [this, workspace = who.workspace, filter = std::move(filter), which] {
      return result<listing<pipeline_view>>{reads_.pipelines(workspace, filter, which)};
    });
}

// --- runs ---------------------------------------------------------------------------------------

void node_impl::start_run(const caller& who, start_request request, reply<started_run> done) {
  penstock::start_run command;
  command.workspace = who.workspace;
  command.type = request.type;
  command.parameters = std::move(request.parameters);
  command.trigger = request.trigger;
  command.triggered_by = request.triggered_by.empty() ? who.subject : std::move(request.triggered_by);
  command.traceparent = std::move(request.traceparent);
  command.once = std::move(request.once);
  if (request.wait.count() > 0) command.wait = request.wait;
  if (request.priority) command.priority = static_cast<std::uint8_t>(*request.priority);
  const auto id = request.pipeline;
  auto note = note_of(who, id.raw);
  if (!request.source) {
    command.done = std::move(done);
    submit(id.raw, pipeline_command{std::move(command)}, std::move(note));
    return;
  }
  post_or_refuse(*thinking_, done,
                 [this, id, command = std::move(command), source = std::move(*request.source),
                  defaults = std::move(request.defaults), note = std::move(note), done]() mutable {
                   auto compiled = compile_definition(source, defaults);
                   if (!compiled) {
                     done(unexpected(std::move(compiled).error()));
                     return;
                   }
                   command.own = std::move(*compiled);
                   command.done = std::move(done);
                   submit(id.raw, pipeline_command{std::move(command)}, std::move(note));
                 });
}

void node_impl::get_run(const caller& who, run_id id, reply<run_view> done) {
  answer_from_pool<run_view>(std::move(done),
                             [this, workspace = who.workspace, id] { return reads_.run(workspace, id); });
}

void node_impl::list_runs(const caller& who, run_filter filter, page which, reply<listing<run_view>> done) {
  answer_from_pool<listing<run_view>>(std::move(done), [this, workspace = who.workspace, filter, which] {
    return reads_.runs(workspace, filter, which);
  });
}

void node_impl::count_runs(const caller& who, figure_query query, reply<std::vector<figure_point>> done) {
  answer_from_pool<std::vector<figure_point>>(std::move(done), [this, workspace = who.workspace, query] {
    return result<std::vector<figure_point>>{run_figures(around_.state, around_.partition_count, workspace, query)};
  });
}

void node_impl::cancel_run(const caller& who, run_id id, reply<run_view> done) {
  submit(id.raw, run_message{penstock::cancel_run{who.subject}, who.workspace, std::move(done), {}},
         note_of(who, id.raw));
}

void node_impl::set_run_priority(const caller& who, run_id id, task_priority priority, reply<run_view> done) {
  submit(id.raw, run_message{penstock::set_priority{priority}, who.workspace, std::move(done), {}},
         note_of(who, id.raw));
}

void node_impl::read_logs(const caller& who, run_id id, std::uint64_t from, std::uint32_t limit,
                          reply<std::vector<log_line>> done) {
  answer_from_pool<std::vector<log_line>>(
    std::move(done), [this, workspace = who.workspace, id, from, limit]() -> result<std::vector<log_line>> {
      const auto view = reads_.run(workspace, id);
      if (!view) return unexpected(view.error());
      return run_log_.read(*view, from, limit);
    });
}

void node_impl::get_output(const caller& who, run_id id, reply<output_file> done) {
  answer_from_pool<output_file>(std::move(done), [this, workspace = who.workspace, id]() -> result<output_file> {
    auto run = reads_.header(workspace, id);
    if (!run) return unexpected(std::move(run).error());
    if (!run->output) return fail(errc::not_found, "the run has no output file");
    auto path = settings_.engines.data_dir + "/" + run->output->path;
    std::error_code failed;
    if (!std::filesystem::exists(path, failed))
      return fail(errc::artifact_lost, "the run's output file is " +
                                         (failed ? "not to be reached: " + failed.message() : std::string{"gone"}));
    return output_file{std::move(path), std::move(*run->output)};
  });
}

std::shared_ptr<void> node_impl::watch_run(const caller& who, run_id id, reply<run_view> changed) {
  struct subscription {
    std::shared_ptr<latest_reader> reader;
    std::shared_ptr<void> watch;
  };
  auto s = std::make_shared<subscription>();
  s->reader = std::make_shared<latest_reader>([this](std::function<void()> job) { pool_->post(std::move(job)); },
                                              [this, workspace = who.workspace, id, changed = std::move(changed)] {
                                                auto view = reads_.run(workspace, id);
                                                const bool over = !view || is_terminal(view->record.status);
                                                changed(std::move(view));
                                                return over;
                                              });
  s->watch = watchers_.watch(id, [reader = std::weak_ptr{s->reader}] {
    if (const auto alive = reader.lock()) alive->poke();
  });
  s->reader->poke();
  return s;
}

} // namespace penstock
