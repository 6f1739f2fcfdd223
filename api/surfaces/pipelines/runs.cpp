#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/http_server.hpp"
#include "api/query_fields.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/pipelines/handlers.hpp"
#include "api/surfaces/pipelines/render.hpp"
#include "api/surfaces/priority_field.hpp"

#include <algorithm>

namespace penstock::pipelines {
namespace {

constexpr auto style = error_style::problem;
constexpr std::uint64_t limit_max = 1'000;
constexpr std::uint64_t offset_max = 1'000'000'000;
constexpr std::uint64_t log_lines_default = 10'000;
constexpr std::uint64_t log_lines_max = 100'000;

std::string_view media_type_of(std::string_view format) noexcept {
  if (format == "parquet") return "application/vnd.apache.parquet";
  if (format == "csv") return "text/csv; charset=utf-8";
  if (format == "json") return media::json;
  if (format == "jsonl") return "application/x-ndjson";
  return "application/octet-stream";
}

/// `attachment` under a name in which nothing can end the quotes or the header.
std::string attachment(std::string name) {
  std::replace_if(
    name.begin(), name.end(),
    [](char c) { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '/' || c == '%'; }, '_');
  return "attachment; filename=\"" + name + "\"";
}

/// Reads the one id of a run's path and gives it to `go`, or answers that it is none.
template <class Go>
void with_run_id(const request& in, const responder& send, Go go) {
  request_problems problems;
  const run_id id{id_in_path(in, "run_id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  go(id);
}

} // namespace

void start_run(const request& in, const services& with, responder send) {
  request_problems problems;
  start_request start;
  start.pipeline = pipeline_id{id_in_path(in, "id", problems)};
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  body_fields fields{*body, problems};
  if (auto parameters = fields.object("parameters")) start.parameters = std::move(*parameters);
  start.priority = priority_field(fields, false);
  start.triggered_by = in.who.subject;
  start.traceparent = traceparent_of(in);
  start.once = idempotency_key(in, problems);
  start.wait = preferred_wait(in, with.settings.wait_max);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  const auto wait = start.wait;
  with.ops.start_run(in.who, std::move(start),
                     answer_with<started_run>(style, send, [wait](const started_run& started) {
                       const bool waited = wait.count() > 0;
                       // Without its tasks: who waits for many runs wants to know how they ended.
                       auto r = started.ended ? render_run(started.run, false) : render_started(started.run, waited);
                       if (started.replayed) r.with("Idempotency-Replayed", "true");
                       if (waited) r.with("Preference-Applied", "wait=" + std::to_string(wait.count() / 1'000));
                       return std::move(r.with("Location", "/api/pipelines/runs/" + to_text(started.run.record.id)));
                     }));
}

void list_runs(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const page which{static_cast<std::uint32_t>(query.number("limit", 100, 1, limit_max)),
                   query.number("offset", 0, 0, offset_max)};
  run_filter filter;
  filter.pipeline = pipeline_id{id_in_path(in, "id", problems)};
  if (const auto word = query.text("status")) {
    filter.status = parse_status(*word);
    if (!filter.status)
      problems.add("status", "must be pending, running, success, failed or cancelled, is \"" + *word + "\"");
  }
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_runs(in.who, filter, which, answer_with<listing<run_view>>(style, send, &render_runs));
}

void get_run(const request& in, const services& with, responder send) {
  with_run_id(in, send, [&](run_id id) {
    with.ops.get_run(in.who, id,
                     answer_with<run_view>(style, send, [](const auto& run) { return render_run(run, true); }));
  });
}

void get_logs(const request& in, const services& with, responder send) {
  with_run_id(in, send, [&](run_id id) {
    request_problems problems;
    const query_fields query{in.query, problems};
    const auto from = query.number("from", 0, 0, offset_max);
    const auto limit = query.number("limit", log_lines_default, 1, log_lines_max);
    if (!problems.empty()) return send(render_error(style, problems.take()));
    with.ops.read_logs(in.who, id, from, static_cast<std::uint32_t>(limit),
                       answer_with<std::vector<log_line>>(
                         style, send, [from](const auto& lines) { return render_logs(lines, from + lines.size()); }));
  });
}

void download_output(const request& in, const services& with, responder send) {
  with_run_id(in, send, [&](run_id id) {
    with.ops.get_output(in.who, id, answer_with<operations::output_file>(style, send, [](const auto& file) {
                          response r;
                          r.content_type = media_type_of(file.what.format);
                          r.file = file.path;
                          r.with("Content-Disposition", attachment(file.what.name));
                          return r;
                        }));
  });
}

void cancel_run(const request& in, const services& with, responder send) {
  with_run_id(in, send, [&](run_id id) {
    with.ops.cancel_run(in.who, id, answer_with<run_view>(style, send, [](const auto&) {
                          return json_response(200, R"({"status":"cancelled"})");
                        }));
  });
}

} // namespace penstock::pipelines
