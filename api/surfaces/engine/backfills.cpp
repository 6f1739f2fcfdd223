#include "api/answering.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/engine/render_scheduler.hpp"
#include "api/surfaces/engine/scheduler.hpp"
#include "api/surfaces/engine/scheduler_fields.hpp"
#include "runtime/calendar/intervals.hpp"

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;
constexpr std::int64_t concurrency_max = 100;
/// Of "from" and "to": a date or a time.
constexpr std::size_t end_bytes_max = 64;

std::string read_end(body_fields& fields, std::string_view name) {
  if (!fields.has(name)) fields.missing(name, "a date such as \"2025-11-01\"");
  return fields.text(name, {.bytes_max = end_bytes_max, .one_line = true}).value_or("");
}

/// What is wrong with the ends, for requests that are refused anyway.
void add_interval_problems(request_problems& problems, const backfill_draft& draft) {
  const auto zone = find_time_zone(draft.timezone);
  if (!zone) problems.add("timezone", zone.error().message);
  if (draft.from.empty() || draft.to.empty()) return;
  const auto intervals =
    backfill_intervals::make({draft.from, draft.to, draft.granularity, zone ? *zone : time_zone{}});
  if (intervals) return;
  for (auto p : intervals.error().problems) problems.add(std::move(p));
}

struct read_draft {
  backfill_draft draft;
  std::string_view parameters_field;
};

read_draft read_backfill_draft(const value& body, request_problems& problems) {
  body_fields fields{body, problems};
  read_draft out;
  auto& draft = out.draft;
  if (const auto pipeline = fields.id("pipelineId")) draft.pipeline = pipeline_id{*pipeline};
  if (!fields.has("pipelineId")) fields.missing("pipelineId", "a UUID");
  draft.from = read_end(fields, "from");
  draft.to = read_end(fields, "to");
  constexpr std::string_view granularities = "HOURLY, DAILY, WEEKLY or MONTHLY";
  if (!fields.has("granularity")) fields.missing("granularity", granularities);
  if (const auto each = read_word<granularity>(fields, "granularity", granularities, &parse_granularity))
    draft.granularity = *each;
  if (auto zone = fields.text("timezone", {.bytes_max = zone_bytes_max, .one_line = true}))
    draft.timezone = std::move(*zone);
  if (const auto n = fields.integer("concurrency", 1, concurrency_max))
    draft.concurrency = static_cast<std::uint32_t>(*n);
  draft.priority = read_priority(fields).value_or(task_priority::normal);
  draft.dry_run = fields.boolean("dryRun").value_or(false);
  auto parameters = read_parameters(fields);
  if (parameters.given) draft.parameters = std::move(*parameters.given);
  out.parameters_field = parameters.field;
  return out;
}

void change(const request& in, const services& with, const responder& send, backfill_action action) {
  request_problems problems;
  const backfill_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.change_backfill(in.who, id, action, answer_with<backfill_view>(style, send, [](const auto& backfill) {
                             return render_backfill(200, backfill);
                           }));
}

} // namespace

void list_backfills(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto which = read_page(query);
  std::optional<pipeline_id> pipeline;
  if (const auto id = query.id("pipelineId")) pipeline = pipeline_id{*id};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_backfills(in.who, pipeline, which, answer_with<listing<backfill_view>>(style, send, &render_backfills));
}

void create_backfill(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  auto given = read_backfill_draft(*body, problems);
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) {
    add_interval_problems(problems, given.draft);
    return send(render_error(style, problems.take()));
  }
  with.ops.create_backfill(in.who, std::move(given.draft), std::move(once),
                           [send, field = given.parameters_field](result<backfill_view> made) {
                             if (!made)
                               return send(render_error(style, in_terms_of_parameters(std::move(made.error()), field)));
                             auto r = render_backfill(201, *made);
                             send(
                               std::move(r.with("Location", "/api/v1/scheduler/backfill/" + to_text(made->record.id))));
                           });
}

void get_backfill(const request& in, const services& with, responder send) {
  request_problems problems;
  const backfill_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.get_backfill(in.who, id, answer_with<backfill_view>(style, send, [](const auto& backfill) {
                          return render_backfill(200, backfill);
                        }));
}

void pause_backfill(const request& in, const services& with, responder send) {
  change(in, with, send, backfill_action::pause);
}
void resume_backfill(const request& in, const services& with, responder send) {
  change(in, with, send, backfill_action::resume);
}
void cancel_backfill(const request& in, const services& with, responder send) {
  change(in, with, send, backfill_action::cancel);
}
void retry_backfill(const request& in, const services& with, responder send) {
  change(in, with, send, backfill_action::retry_failed);
}

} // namespace penstock::engine_surface
