#include "api/surfaces/pipelines/render.hpp"

#include "api/json_writer.hpp"
#include "api/surfaces/entity_tag.hpp"
#include "runtime/model/yaml.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace penstock::pipelines {
namespace {

constexpr std::array<std::pair<run_status, std::string_view>, 5> words{{
  {run_status::pending, "pending"},
  {run_status::running, "running"},
  {run_status::succeeded, "success"},
  {run_status::failed, "failed"},
  {run_status::cancelled, "cancelled"},
}};

/// `config` is an object here, whatever the definition was written in.
void write_config(json_writer& w, const definition& source) {
  w.key("config");
  if (source.format == definition_format::json) {
    w.raw(source.text);
  } else if (const auto read = read_yaml(source.text, {.bytes_max = source.text.size(), .nodes_max = SIZE_MAX})) {
    w.put(*read);
  } else {
    w.text(source.text);
  }
}

void write_warnings(json_writer& w, const std::vector<std::string>& warnings) {
  w.key("warnings").begin_list();
  for (const auto& text : warnings) w.text(text);
  w.end_list();
}

std::optional<std::string_view> text_or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>{text};
}

void write_run(json_writer& w, const run_view& view) {
  const auto& run = view.record;
  w.member("id", run.id).member("pipeline_id", run.pipeline).member("status", status_word(run.status));
  w.member("triggered_by", to_text(run.trigger))
    .member("started_at", run.started_at)
    .member("finished_at", run.ended_at);
  w.member("error", text_or_null(view.error)).member("created_at", run.created_at);
}

void write_output(json_writer& w, const run_record& run) {
  if (!run.output) {
    w.member("output_file", nullptr).member("output_file_size", nullptr);
    return;
  }
  w.member("output_file", "outputs/" + to_text(run.id) + "/output." + run.output->format)
    .member("output_file_size", run.output->bytes);
}

void write_attempts(json_writer& w, const std::vector<attempt_view>& attempts) {
  w.key("earlier_attempts").begin_list();
  for (const auto& a : attempts) {
    w.begin_object();
    if (a.item) w.member("item", *a.item);
    w.member("attempt", a.attempt).member("started_at", a.started_at).member("finished_at", a.ended_at);
    w.member("error", text_or_null(a.error)).end_object();
  }
  w.end_list();
}

void write_task(json_writer& w, const task_view& task) {
  w.begin_object().member("id", task.id).member("type", to_text(task.type)).member("status", to_text(task.status));
  w.key("needs").begin_list();
  for (const auto& id : task.needs) w.text(id);
  w.end_list()
    .member("attempt", task.record.attempt)
    .member("rows", task.record.rows)
    .member("bytes", task.record.bytes);
  w.member("started_at", task.record.started_at).member("finished_at", task.record.ended_at);
  if (task.record.items_total) w.member("items", *task.record.items_total).member("items_done", task.items_done);
  w.member("error", text_or_null(task.error));
  if (!task.earlier_attempts.empty()) write_attempts(w, task.earlier_attempts);
  w.end_object();
}

std::string_view level_word(log_level l) noexcept {
  switch (l) {
    case log_level::debug: return "DEBUG";
    case log_level::info: return "INFO";
    case log_level::warn: return "WARN";
    case log_level::error: return "ERROR";
  }
  return "INFO";
}

/// "2024-01-15 16:00:00 INFO [extract] text".
void append_line(std::string& out, const log_line& line) {
  auto at = to_rfc3339(line.at);
  at.resize(19);
  at[10] = ' ';
  out.append(at).append(" ").append(level_word(line.level)).append(" ");
  if (!line.task.empty()) out.append("[").append(line.task).append("] ");
  out += line.text;
  out += '\n';
}

response with_total(std::string body, std::uint64_t total) {
  return std::move(json_response(200, std::move(body)).with("X-Total-Count", std::to_string(total)));
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

response render_pipeline(int status, const pipeline_view& p, bool with_config) {
  std::string body;
  json_writer w{body};
  w.begin_object().member("id", p.record.id).member("name", p.record.name);
  if (with_config && p.source) write_config(w, *p.source);
  w.member("schedule", p.record.schedule).member("enabled", p.record.enabled).member("domain_id", p.record.domain);
  w.member("created_at", p.record.created_at).member("updated_at", p.record.updated_at);
  write_warnings(w, p.warnings);
  w.end_object();
  return std::move(json_response(status, std::move(body)).with("ETag", entity_tag(p.record)));
}

response render_pipelines(const listing<pipeline_view>& pipelines) {
  std::string body;
  json_writer w{body};
  w.begin_list();
  for (const auto& p : pipelines.entries) {
    w.begin_object().member("id", p.record.id).member("name", p.record.name).member("schedule", p.record.schedule);
    // No domain has a name before the surface that names them exists.
    w.member("enabled", p.record.enabled).member("domain_id", p.record.domain).member("domain_name", nullptr);
    if (p.last_run) {
      w.member("last_run_status", status_word(p.last_run->status));
      w.member("last_run_at", p.last_run->started_at.value_or(p.last_run->created_at));
    } else {
      w.member("last_run_status", nullptr).member("last_run_at", nullptr);
    }
    w.member("created_at", p.record.created_at).end_object();
  }
  w.end_list();
  return with_total(std::move(body), pipelines.total);
}

response render_started(const run_view& run, bool waited) {
  std::string body;
  json_writer w{body};
  w.begin_object().member("id", run.record.id).member("pipeline_id", run.record.pipeline);
  // As documented, a start is answered with the state it began in, however far the run has come meanwhile.
  w.member("status", waited ? status_word(run.record.status) : std::string_view{"pending"});
  w.member("triggered_by", to_text(run.record.trigger)).member("created_at", run.record.created_at).end_object();
  return json_response(202, std::move(body));
}

response render_run(const run_view& run, bool with_tasks) {
  std::string body;
  json_writer w{body};
  w.begin_object();
  write_run(w, run);
  write_output(w, run.record);
  if (with_tasks) {
    w.member("rows", run.record.rows).member("bytes", run.record.bytes).key("tasks").begin_list();
    for (const auto& task : run.tasks) write_task(w, task);
    w.end_list();
  }
  w.end_object();
  return json_response(200, std::move(body));
}

response render_runs(const listing<run_view>& runs) {
  std::string body;
  json_writer w{body};
  w.begin_list();
  for (const auto& run : runs.entries) {
    w.begin_object();
    write_run(w, run);
    w.end_object();
  }
  w.end_list();
  return with_total(std::move(body), runs.total);
}

response render_logs(const std::vector<log_line>& lines, std::uint64_t next) {
  std::string text;
  for (const auto& line : lines) append_line(text, line);
  std::string body;
  json_writer{body}.begin_object().member("logs", text).member("next", next).end_object();
  return json_response(200, std::move(body));
}

} // namespace penstock::pipelines
