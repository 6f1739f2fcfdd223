#include "api/surfaces/cloud/jobs.hpp"

#include "api/answering.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/cloud/paging.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/cloud/time_field.hpp"

#include <array>
#include <memory>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;
constexpr std::uint64_t log_lines_default = 1'000;
constexpr std::uint64_t log_lines_max = 10'000;
constexpr std::uint64_t line_number_max = 1'000'000'000;

error no_job() { return {errc::not_found, "there is no such job", {}}; }

/// The document knows only 404 for an id, so one that no job can have is simply not there.
std::optional<run_id> job_in_path(const request& in) {
  const auto id = parse_uuid(in.parameters["id"]);
  return id ? std::optional{run_id{*id}} : std::nullopt;
}

void list_jobs(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto at = read_page(query);
  run_filter filter;
  filter.from = read_time(query, "from_date", range_end::first, problems);
  filter.to = read_time(query, "to_date", range_end::last, problems);
  if (const auto word = query.text("status")) {
    filter.status = parse_status(*word);
    if (!filter.status)
      problems.add("status", "must be pending, running, completed, failed or cancelled, is \"" + *word + "\"");
  }
  const auto pipeline = query.text("pipeline_id");
  const auto id = pipeline ? parse_uuid(*pipeline) : std::nullopt;
  if (id) filter.pipeline = pipeline_id{*id};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  if (pipeline && !id) return send(render_error(style, error{errc::not_found, "there is no such pipeline", {}}));
  with.ops.list_runs(in.who, filter, at.cut(), answer_with<listing<run_view>>(style, send, [at](const auto& runs) {
                       return render_list(runs, at, &write_job);
                     }));
}

/// Where the job's logs are, as seen by whoever asks.
std::string logs_url(const request& in, run_id id) { return server_url(in) + "/v1/jobs/" + job_text(id) + "/logs"; }

void get_job(const request& in, const services& with, responder send) {
  const auto id = job_in_path(in);
  if (!id) return send(render_error(style, no_job()));
  with.ops.get_run(in.who, *id, answer_with<run_view>(style, send, [url = logs_url(in, *id)](const auto& run) {
                     return render_data(200, [&](json_writer& w) {
                       write_job(w, run);
                       w.member("logs_url", url);
                     });
                   }));
}

std::string_view level_word(log_level l) noexcept {
  switch (l) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warn: return "warn";
    case log_level::error: return "error";
  }
  return "info";
}

response render_logs(const std::vector<log_line>& lines, std::uint64_t next) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("data").begin_list();
  for (const auto& line : lines) {
    w.begin_object().member("timestamp", line.at).member("level", level_word(line.level));
    if (line.task.empty()) w.member("task", nullptr);
    else w.member("task", line.task);
    w.member("message", line.text).end_object();
  }
  w.end_list().key("meta").begin_object().member("next", next).end_object().end_object();
  return json_response(200, std::move(body));
}

void get_logs(const request& in, const services& with, responder send) {
  const auto id = job_in_path(in);
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto from = query.number("from", 0, 0, line_number_max);
  const auto limit = query.number("limit", log_lines_default, 1, log_lines_max);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  if (!id) return send(render_error(style, no_job()));
  with.ops.read_logs(in.who, *id, from, static_cast<std::uint32_t>(limit),
                     answer_with<std::vector<log_line>>(
                       style, send, [from](const auto& lines) { return render_logs(lines, from + lines.size()); }));
}

void cancel_job(const request& in, const services& with, responder send) {
  const auto id = job_in_path(in);
  if (!id) return send(render_error(style, no_job()));
  with.ops.cancel_run(in.who, *id, answer_with<run_view>(style, send, [](const auto& run) {
                        return render_data(200, [&](json_writer& w) { write_job(w, run); });
                      }));
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/jobs",
        .permission = scope::read_jobs,
        .handle = &list_jobs,
        .operation = "cloud.listJobs",
        .summary =
          "List jobs of all pipelines, newest first; dates concern when a job was asked for, both ends included",
        .query = "page:integer=1,limit:integer=20,pipeline_id:text,status:text,from_date:text,to_date:text",
        .gives = "200 JobList"},
  route{.method = verb::get,
        .pattern = "/v1/jobs/{id}",
        .permission = scope::read_jobs,
        .handle = &get_job,
        .operation = "cloud.getJob",
        .summary = "Get a job",
        .gives = "200 JobDetail"},
  route{.method = verb::get,
        .pattern = "/v1/jobs/{id}/logs",
        .permission = scope::read_jobs,
        .handle = &get_logs,
        .operation = "cloud.getJobLogs",
        .summary = "Get a job's log lines, oldest first; go on from meta.next",
        .query = "from:integer=0,limit:integer=1000",
        .gives = "200 JobLogs"},
  route{.method = verb::post,
        .pattern = "/v1/jobs/{id}/cancel",
        .permission = scope::write_pipelines,
        .handle = &cancel_job,
        .operation = "cloud.cancelJob",
        .summary = "Cancel a job",
        .gives = "200 JobDetail"},
};

constexpr std::array schemas{
  schema{"Job", R"({"type":"object","properties":{"id":{"type":"string"},"pipeline_id":{"type":"string"},)"
                R"("status":{"enum":["pending","running","completed","failed","cancelled"]},)"
                R"("priority":{"enum":["HIGH","NORMAL","LOW"]},)"
                R"("started_at":{"type":["string","null"],"format":"date-time"},)"
                R"("completed_at":{"type":["string","null"],"format":"date-time"},)"
                R"("duration_ms":{"type":["integer","null"]},"error":{"type":["string","null"]},)"
                R"("logs_url":{"type":"string","description":"Where one job was asked for."}}})"},
  schema{"JobList",
         R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/Job"}},)"
         R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
         R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"JobDetail", R"({"type":"object","properties":{"data":{"$ref":"#/components/schemas/Job"}}})"},
  schema{"JobLogs", R"({"type":"object","properties":{"data":{"type":"array","items":{"type":"object","properties":{)"
                    R"("timestamp":{"type":"string","format":"date-time"},"level":{"type":"string"},)"
                    R"("task":{"type":["string","null"]},"message":{"type":"string"}}}},)"
                    R"("meta":{"type":"object","properties":{"next":{"type":"integer"}}}}})"},
};

} // namespace

surface job_routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
