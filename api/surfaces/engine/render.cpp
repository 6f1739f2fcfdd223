#include "api/surfaces/engine/render.hpp"

#include "api/json_writer.hpp"
#include "api/surfaces/entity_tag.hpp"
#include "runtime/model/json.hpp"

#include <array>

namespace penstock::engine_surface {
namespace {

/// A field of a pipeline that is kept as it was given.
struct kept_field {
  std::string_view name;
  bool always = false; ///< Part of every answer.
};
constexpr std::array kept_fields{kept_field{"sourceConnectionId"},   kept_field{"targetConnectionId"},
                                 kept_field{"maxRetries", true},     kept_field{"retryDelaySeconds", true},
                                 kept_field{"timeoutSeconds", true}, kept_field{"notifications"}};

std::string_view task_word(task_status s) noexcept {
  switch (s) {
    case task_status::pending: return "PENDING";
    case task_status::running:
    case task_status::waiting: return "RUNNING";
    case task_status::succeeded: return "COMPLETED";
    case task_status::failed: return "FAILED";
    case task_status::cancelled: return "CANCELLED";
    case task_status::skipped:
    case task_status::blocked: return "SKIPPED";
  }
  return "PENDING";
}

void write_kept_fields(json_writer& w, const value& attributes) {
  for (const auto& field : kept_fields) {
    const auto* v = attributes.find(field.name);
    if (v && !v->is_null()) w.member(field.name, *v);
    // A pipeline of another surface does not retry and has no limit of time.
    else if (field.always) w.member(field.name, 0);
  }
}

void write_pipeline(json_writer& w, const pipeline_view& p) {
  const auto& r = p.record;
  w.begin_object().member("id", r.id).member("workspaceId", r.workspace).member("name", r.name);
  w.member("description", r.description);
  if (p.source) w.member("yamlDefinition", p.source->text);
  w.member("version", r.revision).member("status", pipeline_status(p));
  if (r.schedule) w.member("scheduleCron", *r.schedule);
  w.key("tags").begin_list();
  for (const auto& tag : r.tags) w.text(tag);
  w.end_list();
  write_kept_fields(w, r.attributes);
  w.member("isActive", r.enabled)
    .member("createdAt", r.created_at)
    .member("updatedAt", r.updated_at.value_or(r.created_at));
  w.member("createdBy", r.created_by);
  if (p.source) {
    w.key("warnings").begin_list();
    for (const auto& text : p.warnings) w.text(text);
    w.end_list();
  }
  w.end_object();
}

/// Task ids are the clients' own words, so unlike names of fields they need escaping.
void write_member(std::string& out, bool& first, std::string_view name, std::string_view text) {
  if (!first) out += ',';
  first = false;
  append_json_string(out, name);
  out += ':';
  append_json_string(out, text);
}

} // namespace

std::string_view status_word(run_status s) noexcept {
  switch (s) {
    case run_status::pending: return "PENDING";
    case run_status::running: return "RUNNING";
    case run_status::succeeded: return "COMPLETED";
    case run_status::failed: return "FAILED";
    case run_status::cancelled: return "CANCELLED";
  }
  return "PENDING";
}

std::string_view pipeline_status(const pipeline_view& p) noexcept {
  if (!p.last_run) return "DRAFT";
  switch (p.last_run->status) {
    case run_status::pending:
    case run_status::running: return "RUNNING";
    case run_status::succeeded: return "SUCCESS";
    case run_status::failed: return "FAILED";
    case run_status::cancelled: return "CANCELLED";
  }
  return "DRAFT";
}

response render_pipeline(int status, const pipeline_view& p) {
  std::string body;
  json_writer w{body};
  write_pipeline(w, p);
  return std::move(json_response(status, std::move(body)).with("ETag", entity_tag(p.record)));
}

response render_pipelines(const listing<pipeline_view>& pipelines) {
  std::string body;
  json_writer w{body};
  w.begin_list();
  for (const auto& p : pipelines.entries) write_pipeline(w, p);
  w.end_list();
  return std::move(json_response(200, std::move(body)).with("X-Total-Count", std::to_string(pipelines.total)));
}

response render_started(const run_view& run) {
  std::string body;
  json_writer w{body};
  // A run may have ended by now; the answer to a start knows only these two words.
  const auto status = run.record.status == run_status::pending ? "PENDING" : "RUNNING";
  w.begin_object().member("runId", run.record.id).member("pipelineId", run.record.pipeline).member("status", status);
  w.member("taskCount", run.record.tasks_total).member("engine", "embedded").end_object();
  return json_response(202, std::move(body));
}

std::string run_status_json(const run_view& run) {
  std::string statuses = "{";
  std::string errors = "{";
  bool first_status = true;
  bool first_error = true;
  for (const auto& task : run.tasks) {
    write_member(statuses, first_status, task.id, task_word(task.status));
    if (!task.error.empty()) write_member(errors, first_error, task.id, task.error);
  }
  // What no task is to blame for, a timeout of the whole run for instance.
  if (first_error && !run.error.empty()) write_member(errors, first_error, "run", run.error);
  statuses += '}';
  errors += '}';
  std::string body;
  json_writer w{body};
  w.begin_object().member("runId", run.record.id).member("pipelineId", run.record.pipeline);
  w.member("overallStatus", status_word(run.record.status)).key("taskStatuses").raw(statuses).key("errors").raw(errors);
  w.end_object();
  return body;
}

} // namespace penstock::engine_surface
