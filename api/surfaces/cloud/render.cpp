#include "api/surfaces/cloud/render.hpp"

#include "api/json_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace penstock::cloud {
namespace {

constexpr std::array<std::pair<run_status, std::string_view>, 5> words{{
  {run_status::pending, "pending"},
  {run_status::running, "running"},
  {run_status::succeeded, "completed"},
  {run_status::failed, "failed"},
  {run_status::cancelled, "cancelled"},
}};

std::optional<timestamp> last_run_at(const pipeline_view& p) {
  if (!p.last_run) return std::nullopt;
  return p.last_run->started_at.value_or(p.last_run->created_at);
}

std::string_view or_none(const std::string& text) noexcept { return text.empty() ? std::string_view{"none"} : text; }

template <class T>
std::string whole(void (*write)(json_writer&, const T&), const T& what) {
  std::string out;
  json_writer w{out};
  w.begin_object();
  write(w, what);
  w.end_object();
  return out;
}

} // namespace

std::string_view status_word(run_status s) noexcept {
  for (const auto& [known, word] : words)
    if (known == s) return word;
  return "pending";
}

std::optional<run_status> parse_status(std::string_view word) noexcept {
  for (const auto& [status, known] : words)
    if (known == word) return status;
  return std::nullopt;
}

std::string_view status_word(const pipeline_view& p) noexcept {
  if (!p.record.enabled) return "paused";
  return p.failing ? "error" : "active";
}

std::string public_id(std::string_view prefix, const uuid& id) {
  auto text = to_text(id);
  std::erase(text, '-');
  return std::string{prefix} + text;
}

std::string pipeline_text(pipeline_id id) { return public_id("pipe_", id.raw); }
std::string job_text(run_id id) { return public_id("job_", id.raw); }
std::string workflow_text(pipeline_id id) { return public_id("wf_", id.raw); }
std::string etl_run_text(run_id id) { return public_id("run_", id.raw); }

void write_job(json_writer& w, const run_view& view) {
  const auto& run = view.record;
  w.member("id", job_text(run.id))
    .member("pipeline_id", pipeline_text(run.pipeline))
    .member("status", status_word(run.status));
  w.member("priority", to_text(static_cast<task_priority>(run.priority)));
  w.member("started_at", run.started_at).member("completed_at", run.ended_at);
  if (run.started_at && run.ended_at) w.member("duration_ms", (*run.ended_at - *run.started_at).count());
  else w.member("duration_ms", nullptr);
  if (run.status == run_status::failed) w.member("error", view.error);
  else w.member("error", nullptr);
}

void write_etl_run(json_writer& w, const run_view& view) {
  const auto& run = view.record;
  w.member("run_id", etl_run_text(run.id))
    .member("workflow_id", workflow_text(run.pipeline))
    .member("status", status_word(run.status));
  w.member("rows_processed", run.rows).member("started_at", run.started_at).member("completed_at", run.ended_at);
}

void write_pipeline(json_writer& w, const pipeline_view& p) {
  w.member("id", pipeline_text(p.record.id)).member("name", p.record.name).member("type", to_text(p.record.type));
  w.member("status", status_word(p)).member("schedule", p.record.schedule);
  w.member("last_run_at", last_run_at(p))
    .member("next_run_at", p.next_run_at)
    .member("created_at", p.record.created_at);
}

void write_warnings(json_writer& w, const pipeline_view& p) {
  if (p.warnings.empty()) return;
  w.key("warnings").begin_list();
  for (const auto& text : p.warnings) w.text(text);
  w.end_list();
}

void write_workflow(json_writer& w, const pipeline_view& p) {
  w.member("id", workflow_text(p.record.id)).member("name", p.record.name).member("status", status_word(p));
  w.member("source_type", or_none(p.record.source_type)).member("destination_type", or_none(p.record.sink_type));
  w.member("schedule", p.record.schedule).member("last_run_at", last_run_at(p));
}

std::string job_json(const run_view& run) { return whole(&write_job, run); }
std::string etl_run_json(const run_view& run) { return whole(&write_etl_run, run); }
std::string pipeline_json(const pipeline_view& p) { return whole(&write_pipeline, p); }

} // namespace penstock::cloud
