#include "api/surfaces/cloud/metrics.hpp"

#include "api/answering.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/surfaces/cloud/time_field.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;
constexpr double bytes_per_gb = 1e9;

struct metric {
  std::string_view name;
  run_figure what;
};
constexpr std::array metrics{
  metric{"jobs_completed", run_figure::completed},
  metric{"jobs_failed", run_figure::failed},
  metric{"pipeline_runs", run_figure::started},
  metric{"data_processed_gb", run_figure::bytes},
};

struct interval_word {
  std::string_view name;
  figure_interval interval;
};
constexpr std::array interval_words{
  interval_word{"day", figure_interval::day},
  interval_word{"hour", figure_interval::hour},
  interval_word{"week", figure_interval::week},
};

/// The row of that name; null with a problem if there is none.
template <std::size_t N, class Row>
const Row* find_row(const std::array<Row, N>& rows, const std::string& word, std::string_view field,
                    std::string_view names, request_problems& problems) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == word; });
  if (row != rows.end()) return &*row;
  problems.add(std::string{field}, "must be " + std::string{names} + ", is \"" + word + "\"");
  return nullptr;
}

struct question {
  const metric* about = &metrics.front();
  const interval_word* interval = &interval_words.front();
  figure_query query;
};

std::string day_text(timestamp t) { return to_rfc3339(t).substr(0, std::string_view{"2026-05-25"}.size()); }

timestamp read_end(const query_fields& query, std::string_view name, range_end which, request_problems& problems) {
  if (!query.text(name))
    problems.add(std::string{name}, "is required and must be a date such as 2026-05-25 or a time with its offset");
  const auto at = read_time(query, name, which, problems);
  if (at && (*at < figures_begin || *at >= figures_end))
    problems.add(std::string{name}, "must be from " + day_text(figures_begin) + " to " +
                                      day_text(figures_end - milliseconds{1}) + ", is " + *query.text(name));
  return at.value_or(figures_begin);
}

void check_range(const figure_query& query, request_problems& problems) {
  if (query.to < query.from) return problems.add("to", "must not be before from");
  if (const auto points = point_count(query); points > figure_points_max)
    problems.add("interval", "makes " + std::to_string(points) + " points of that range; at most " +
                               std::to_string(figure_points_max) + " are given: take a longer one, or a shorter range");
}

question read_question(const request& in, request_problems& problems) {
  constexpr std::string_view metric_names = "jobs_completed, jobs_failed, pipeline_runs or data_processed_gb";
  const query_fields query{in.query, problems};
  question out;
  if (const auto word = query.text("metric")) out.about = find_row(metrics, *word, "metric", metric_names, problems);
  else problems.add("metric", "is required and must be " + std::string{metric_names});
  if (const auto word = query.text("interval"))
    out.interval = find_row(interval_words, *word, "interval", "hour, day or week", problems);
  out.query.from = read_end(query, "from", range_end::first, problems);
  out.query.to = read_end(query, "to", range_end::last, problems);
  if (!problems.empty()) return out;
  out.query.what = out.about->what;
  out.query.interval = out.interval->interval;
  check_range(out.query, problems);
  return out;
}

/// Bytes are shown in gigabytes, everything else is counted in whole numbers.
value shown(run_figure what, std::int64_t count) {
  return what == run_figure::bytes ? value{static_cast<double>(count) / bytes_per_gb} : value{count};
}

double average(run_figure what, std::int64_t total, std::size_t points) {
  return shown(what, total).number() / static_cast<double>(points);
}

response render(const question& asked, const std::vector<figure_point>& points) {
  const auto what = asked.query.what;
  std::int64_t total = 0;
  std::int64_t peak = 0;
  std::string body;
  json_writer w{body};
  w.begin_object().member("metric", asked.about->name).member("interval", asked.interval->name);
  w.key("data").begin_list();
  for (const auto& p : points) {
    total += p.count;
    peak = std::max(peak, p.count);
    w.begin_object().member("timestamp", p.at).member("value", shown(what, p.count)).end_object();
  }
  w.end_list().key("summary").begin_object().member("total", shown(what, total));
  w.member("average", value{average(what, total, std::max<std::size_t>(points.size(), 1))});
  w.member("peak", shown(what, peak)).end_object().end_object();
  return json_response(200, std::move(body));
}

void get_metrics(const request& in, const services& with, responder send) {
  request_problems problems;
  const auto asked = read_question(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.count_runs(
    in.who, asked.query,
    answer_with<std::vector<figure_point>>(style, send, [asked](const auto& points) { return render(asked, points); }));
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/metrics",
        .permission = scope::read_metrics,
        .handle = &get_metrics,
        .operation = "cloud.getMetrics",
        .summary =
          "Count jobs or data over time. metric is jobs_completed, jobs_failed, pipeline_runs (by when they were asked "
          "for) or data_processed_gb (outputs of jobs by when they ended, in 10^9 bytes). from and to both belong to "
          "the range: a bare date as to stands for the whole day, and hours that they lie in count whole. Intervals "
          "are hour, day or week in UTC; weeks begin on Monday; the first point may begin before from. At most 10000 "
          "points. What happened stays counted when a pipeline is deleted",
        .query = "metric:text,from:text,to:text,interval:text=day",
        .gives = "200 Metrics"},
};

constexpr std::array schemas{
  schema{
    "Metrics",
    R"({"type":"object","properties":{)"
    R"("metric":{"enum":["jobs_completed","jobs_failed","pipeline_runs","data_processed_gb"]},)"
    R"("interval":{"enum":["hour","day","week"]},"data":{"type":"array","items":{"type":"object","properties":{)"
    R"("timestamp":{"type":"string","format":"date-time","description":"Where the interval begins."},)"
    R"("value":{"type":"number"}}}},"summary":{"type":"object","properties":{"total":{"type":"number"},)"
    R"("average":{"type":"number","description":"Over all points, empty ones too."},"peak":{"type":"number"}}}}})"},
};

} // namespace

surface metric_routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
