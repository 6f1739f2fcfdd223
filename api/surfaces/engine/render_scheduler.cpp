#include "api/surfaces/engine/render_scheduler.hpp"

#include "api/json_writer.hpp"
#include "api/surfaces/engine/scheduler_fields.hpp"

namespace penstock::engine_surface {
namespace {

template <class Text>
std::optional<std::string_view> text_or_null(const Text& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>{text};
}

/// What was kept, or `otherwise` where nothing was given.
void write_kept(json_writer& w, std::string_view name, const value& kept, std::string_view otherwise) {
  w.key(name);
  if (kept.is_null()) w.raw(otherwise);
  else w.put(kept);
}

void write_schedule(json_writer& w, const schedule_view& view) {
  const auto& r = view.record;
  w.begin_object().member("id", r.id).member("pipelineId", r.pipeline).member("name", text_or_null(r.name));
  w.member("cronExpression", r.cron).member("timezone", r.timezone).member("status", r.paused ? "PAUSED" : "ACTIVE");
  w.member("nextRunAt", to_short_rfc3339(r.next_at)).member("lastRunAt", to_short_rfc3339(r.last_fired_at));
  w.member("lastRunId", r.last_run).member("lastError", text_or_null(view.error));
  w.member("businessDaysOnly", r.business_days_only).member("skipHolidays", r.skip_holidays);
  w.member("calendar", r.calendar.empty() ? std::string_view{"holidays"} : std::string_view{r.calendar});
  write_kept(w, "maintenanceWindows", r.maintenance_windows, "[]");
  w.member("overlapStrategy", to_text(r.overlap)).member("catchupStrategy", to_text(r.catchup));
  w.member("catchupRuns", r.catchup_runs);
  write_kept(w, "parameters", view.parameters, "{}");
  w.member("priority", priority_word(r.priority)).member("isPipelineSchedule", r.own);
  w.member("fired", r.fired).member("skipped", r.skipped).member("queued", r.queued.size());
  w.member("createdAt", r.created_at).member("updatedAt", r.updated_at.value_or(r.created_at));
  w.member("createdBy", r.created_by).end_object();
}

void write_interval(json_writer& w, const backfill_view::interval& interval) {
  w.begin_object().member("start", interval.begin).member("end", interval.end).end_object();
}

void write_backfill(json_writer& w, const backfill_view& view) {
  const auto& r = view.record;
  w.begin_object().member("id", r.id).member("pipelineId", r.pipeline).member("status", to_text(r.status));
  w.member("totalIntervals", r.intervals_total).member("completedIntervals", r.intervals_completed);
  w.member("failedIntervals", r.intervals_failed).member("runningIntervals", r.active.size());
  w.member("from", r.from).member("to", r.to).member("granularity", to_text(r.granularity));
  w.member("timezone", r.timezone).member("concurrency", r.concurrency).member("priority", priority_word(r.priority));
  w.member("dryRun", r.dry_run);
  for (const auto& [name, interval] :
       {std::pair{"firstInterval", &view.first}, std::pair{"lastInterval", &view.last}}) {
    w.key(name);
    if (*interval) write_interval(w, **interval);
    else w.null();
  }
  if (view.failed) {
    w.key("failures").begin_list();
    for (const auto& interval : *view.failed) write_interval(w, interval);
    w.end_list();
  }
  write_kept(w, "parameterOverrides", view.parameters, "{}");
  w.member("createdAt", r.created_at).member("endedAt", r.ended_at).member("createdBy", r.created_by);
  w.member("error", text_or_null(view.error)).end_object();
}

/// @param seen_from The pipeline whose graph it is part of: `pipelineId` is that of the other one.
/// @param satisfied of one that the graph's pipeline waits for.
void write_dependency(json_writer& w, const dependency_record& r, std::optional<pipeline_id> seen_from = {},
                      std::optional<bool> satisfied = {}) {
  w.begin_object().member("id", r.id);
  if (seen_from) w.member("pipelineId", *seen_from == r.upstream ? r.downstream : r.upstream);
  w.member("upstreamPipelineId", r.upstream).member("downstreamPipelineId", r.downstream);
  w.member("type", to_text(r.type));
  if (satisfied) w.member("satisfied", *satisfied);
  w.member("createdAt", r.created_at).member("createdBy", r.created_by).end_object();
}

void write_days(json_writer& w, const calendar_record& calendar) {
  w.key("days").begin_list();
  for (std::size_t i = 0; i < calendar.days.size(); ++i) {
    const auto name = i < calendar.names.size() ? std::string_view{calendar.names[i]} : std::string_view{};
    w.begin_object().member("date", calendar.days[i]).member("name", text_or_null(name)).end_object();
  }
  w.end_list();
}

void write_calendar_head(json_writer& w, const calendar_record& calendar) {
  const auto day = [&](bool first) -> std::optional<std::string_view> {
    if (calendar.days.empty()) return std::nullopt;
    return std::string_view{first ? calendar.days.front() : calendar.days.back()};
  };
  w.begin_object().member("name", calendar.name).member("dayCount", calendar.days.size());
  w.member("firstDay", day(true)).member("lastDay", day(false)).member("updatedAt", calendar.updated_at);
}

template <class Entries, class Write>
response render_list(const Entries& entries, std::uint64_t total, Write write) {
  std::string body;
  json_writer w{body};
  w.begin_list();
  for (const auto& entry : entries) write(w, entry);
  w.end_list();
  return std::move(json_response(200, std::move(body)).with("X-Total-Count", std::to_string(total)));
}

template <class Write>
response render_object(int status, Write write) {
  std::string body;
  json_writer w{body};
  write(w);
  return json_response(status, std::move(body));
}

} // namespace

response render_schedule(int status, const schedule_view& schedule) {
  return render_object(status, [&](json_writer& w) { write_schedule(w, schedule); });
}

response render_schedules(const listing<schedule_view>& schedules) {
  return render_list(schedules.entries, schedules.total, &write_schedule);
}

response render_next_runs(const std::vector<timestamp>& times) {
  return render_object(200, [&](json_writer& w) {
    w.begin_object().key("nextRuns").begin_list();
    for (const auto t : times) w.text(to_short_rfc3339(t));
    w.end_list().end_object();
  });
}

response render_backfill(int status, const backfill_view& backfill) {
  return render_object(status, [&](json_writer& w) { write_backfill(w, backfill); });
}

response render_backfills(const listing<backfill_view>& backfills) {
  return render_list(backfills.entries, backfills.total, &write_backfill);
}

response render_dependency(int status, const dependency_record& dependency) {
  return render_object(status, [&](json_writer& w) { write_dependency(w, dependency); });
}

response render_dependencies(pipeline_id of, const dependency_graph& graph) {
  return render_object(200, [&](json_writer& w) {
    w.begin_object().member("pipelineId", of).key("upstream").begin_list();
    for (const auto& d : graph.upstream) write_dependency(w, d.record, of, d.satisfied);
    w.end_list().key("downstream").begin_list();
    for (const auto& d : graph.downstream) write_dependency(w, d, of);
    w.end_list().member("lastError", text_or_null(graph.error)).end_object();
  });
}

response render_calendar(int status, const calendar_record& calendar) {
  return render_object(status, [&](json_writer& w) {
    write_calendar_head(w, calendar);
    write_days(w, calendar);
    w.end_object();
  });
}

response render_calendars(const std::vector<calendar_record>& calendars) {
  return render_list(calendars, calendars.size(), [](json_writer& w, const calendar_record& calendar) {
    write_calendar_head(w, calendar);
    w.end_object();
  });
}

} // namespace penstock::engine_surface
