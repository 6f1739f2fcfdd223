#include "api/answering.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/engine/render_scheduler.hpp"
#include "api/surfaces/engine/scheduler.hpp"
#include "api/surfaces/engine/scheduler_fields.hpp"
#include "api/surfaces/schedule_field.hpp"
#include "runtime/calendar/maintenance_window.hpp"
#include "runtime/model/json.hpp"

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;
constexpr std::int64_t catchup_runs_max = 1'000;

/// The list as it was given, with a problem for each mistake in it.
std::optional<value> read_windows(body_fields& fields, request_problems& problems) {
  constexpr std::string_view name = "maintenanceWindows";
  if (fields.is_null(name)) return value{value::list{}};
  const auto* given = fields.find(name);
  if (!given) return std::nullopt;
  if (write_json(*given).size() > kept_bytes_max) {
    fields.wrong(name, "must be at most " + std::to_string(kept_bytes_max) + " bytes as JSON");
    return std::nullopt;
  }
  const auto windows = parse_maintenance_windows(*given, name);
  if (windows) return *given;
  for (auto p : windows.error().problems) {
    // The field stands before each message once more.
    if (const auto prefix = p.field + ": "; p.message.starts_with(prefix)) p.message.erase(0, prefix.size());
    problems.add(std::move(p));
  }
  return std::nullopt;
}

struct read_draft {
  schedule_draft draft;
  std::string_view parameters_field;
};

/// Everything that POST and PUT may give.
read_draft read_schedule_draft(body_fields& fields, request_problems& problems, bool creating) {
  read_draft out;
  auto& draft = out.draft;
  draft.name = fields.text("name", {.bytes_max = 200, .one_line = true});
  draft.cron = read_schedule(fields, "cronExpression");
  if (creating && !fields.has("cronExpression"))
    fields.missing("cronExpression", "a cron expression such as \"0 2 * * *\"");
  draft.timezone = fields.text("timezone", {.bytes_max = zone_bytes_max, .one_line = true});
  draft.business_days_only = fields.boolean("businessDaysOnly");
  draft.skip_holidays = fields.boolean("skipHolidays");
  draft.calendar = fields.text("calendar", {.bytes_max = calendar_name_bytes_max, .one_line = true});
  if (fields.is_null("calendar")) draft.calendar.emplace();
  draft.maintenance_windows = read_windows(fields, problems);
  draft.overlap =
    read_word<overlap_strategy>(fields, "overlapStrategy", "SKIP, QUEUE or CANCEL_RUNNING", &parse_overlap_strategy);
  draft.catchup = read_word<catchup_strategy>(fields, "catchupStrategy", "SKIP_TO_CURRENT, RUN_ALL or RUN_LATEST_N",
                                              &parse_catchup_strategy);
  if (const auto n = fields.integer("catchupRuns", 1, catchup_runs_max))
    draft.catchup_runs = static_cast<std::uint32_t>(*n);
  auto parameters = read_parameters(fields);
  draft.parameters = std::move(parameters.given);
  out.parameters_field = parameters.field;
  draft.priority = read_priority(fields);
  if (!problems.empty() && draft.timezone) add_zone_problem(problems, *draft.timezone);
  return out;
}

reply<schedule_view> answer_schedule(int status, responder send, std::string_view parameters_field) {
  return [status, send = std::move(send), parameters_field](result<schedule_view> made) {
    if (!made) return send(render_error(style, in_terms_of_parameters(std::move(made.error()), parameters_field)));
    auto r = render_schedule(status, *made);
    if (status == 201) r.with("Location", "/api/v1/scheduler/schedules/" + to_text(made->record.id));
    send(std::move(r));
  };
}

/// Goes on with the schedule's id, or answers that the path holds none.
template <class Go>
void with_schedule_id(const request& in, const responder& send, Go go) {
  request_problems problems;
  const schedule_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  go(id);
}

void set_paused(const request& in, const services& with, const responder& send, bool paused) {
  with_schedule_id(in, send, [&](schedule_id id) {
    with.ops.pause_schedule(in.who, id, paused, answer_with<schedule_view>(style, send, [](const auto& schedule) {
                              return render_schedule(200, schedule);
                            }));
  });
}

} // namespace

void list_schedules(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto which = read_page(query);
  schedule_filter filter;
  if (const auto id = query.id("pipelineId")) filter.pipeline = pipeline_id{*id};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_schedules(in.who, filter, which, answer_with<listing<schedule_view>>(style, send, &render_schedules));
}

void create_schedule(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  body_fields fields{*body, problems};
  const auto pipeline = fields.id("pipelineId");
  if (!fields.has("pipelineId")) fields.missing("pipelineId", "a UUID");
  auto once = idempotency_key(in, problems);
  auto given = read_schedule_draft(fields, problems, true);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.create_schedule(in.who, pipeline_id{*pipeline}, std::move(given.draft), std::move(once),
                           answer_schedule(201, send, given.parameters_field));
}

void get_schedule(const request& in, const services& with, responder send) {
  with_schedule_id(in, send, [&](schedule_id id) {
    with.ops.get_schedule(in.who, id, answer_with<schedule_view>(style, send, [](const auto& schedule) {
                            return render_schedule(200, schedule);
                          }));
  });
}

void update_schedule(const request& in, const services& with, responder send) {
  request_problems problems;
  const schedule_id id{id_in_path(in, "id", problems)};
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  body_fields fields{*body, problems};
  const auto pipeline = fields.id("pipelineId");
  auto given = read_schedule_draft(fields, problems, false);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  auto done = answer_schedule(200, send, given.parameters_field);
  if (!pipeline) return with.ops.update_schedule(in.who, id, std::move(given.draft), std::move(done));
  with.ops.get_schedule(
    in.who, id,
    then<schedule_view>(style, send,
                        [&ops = with.ops, who = in.who, id, wanted = pipeline_id{*pipeline},
                         draft = std::move(given.draft), done = std::move(done), send](const auto& now) mutable {
                          if (now.record.pipeline == wanted)
                            return ops.update_schedule(who, id, std::move(draft), std::move(done));
                          request_problems moved;
                          moved.add("pipelineId", "cannot be changed; make a new schedule for the other pipeline");
                          send(render_error(style, moved.take()));
                        }));
}

void delete_schedule(const request& in, const services& with, responder send) {
  with_schedule_id(in, send, [&](schedule_id id) {
    with.ops.delete_schedule(in.who, id, answer_with<void>(style, send, [] { return no_content(); }));
  });
}

void pause_schedule(const request& in, const services& with, responder send) { set_paused(in, with, send, true); }
void resume_schedule(const request& in, const services& with, responder send) { set_paused(in, with, send, false); }

} // namespace penstock::engine_surface
