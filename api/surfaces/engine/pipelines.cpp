#include "api/answering.hpp"
#include "api/http_server.hpp"
#include "api/query_fields.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/definition_problems.hpp"
#include "api/surfaces/delete_pipeline.hpp"
#include "api/surfaces/engine/handlers.hpp"
#include "api/surfaces/engine/render.hpp"
#include "api/surfaces/entity_tag.hpp"
#include "api/surfaces/schedule_field.hpp"
#include "api/surfaces/task_defaults.hpp"

#include <array>
#include <memory>

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;
constexpr std::uint64_t list_max = 1'000;
constexpr std::uint64_t offset_max = 1'000'000'000;
constexpr std::string_view yaml_field = "yamlDefinition";

struct number_field {
  const char* name;
  std::int64_t fallback;
  std::int64_t low;
  std::int64_t high;
};
constexpr std::array number_fields{
  number_field{"maxRetries", 3, 0, 100},
  number_field{"retryDelaySeconds", 60, 0, 86'400},
  number_field{"timeoutSeconds", 3'600, 1, 31'536'000},
};

/// Everything that POST and PUT may give. The numbers that decide what tasks default to are among the attributes.
pipeline_patch read_patch(const value& body, request_problems& problems, bool creating,
                          const definition_limits& limits) {
  body_fields fields{body, problems};
  pipeline_patch patch;
  patch.attributes = value{value::object{}};
  patch.name = fields.text("name", {.required = creating, .bytes_max = 200, .one_line = true});
  patch.description = fields.text("description", {});
  if (auto yaml = fields.text(yaml_field, {.required = creating, .bytes_max = limits.yaml_bytes_max}))
    patch.source = definition{definition_format::yaml, std::move(*yaml)};
  if (auto cron = read_schedule(fields, "scheduleCron")) patch.schedule = std::move(cron);
  else if (fields.is_null("scheduleCron")) patch.schedule.emplace();
  patch.tags = fields.texts("tags", {});
  patch.enabled = fields.boolean("isActive");
  for (const auto* name : {"sourceConnectionId", "targetConnectionId"}) {
    if (const auto id = fields.id(name)) patch.attributes.set(name, to_text(*id));
    else if (fields.is_null(name)) patch.attributes.set(name, nullptr);
  }
  for (const auto& field : number_fields)
    if (const auto n = fields.integer(field.name, field.low, field.high)) patch.attributes.set(field.name, *n);
  if (auto notifications = fields.object("notifications"))
    patch.attributes.set("notifications", std::move(*notifications));
  else if (fields.is_null("notifications")) patch.attributes.set("notifications", nullptr);
  if (!problems.empty() && patch.source) add_definition_problems(problems, *patch.source, {yaml_field}, limits);
  return patch;
}

/// @param source The definition that the pipeline will have; operations answer a change without it.
reply<pipeline_view> answer_pipeline(int status, responder send, definition source) {
  return [status, send = std::move(send), source = std::move(source)](result<pipeline_view> p) {
    if (!p) return send(render_error(style, in_terms_of_request(std::move(p.error()), {yaml_field})));
    if (!p->source) p->source = source;
    auto r = render_pipeline(status, *p);
    if (status == 201) r.with("Location", "/api/v1/pipelines/" + to_text(p->record.id));
    send(std::move(r));
  };
}

/// The kept fields as they will be after `changes`.
value merged(value attributes, const value& changes) {
  for (const auto& [name, v] : *changes.as_object()) attributes.set(name, v);
  return attributes;
}

bool changes_defaults(const value& changes) {
  for (const auto& field : number_fields)
    if (changes.find(field.name)) return true;
  return false;
}

/// A PUT on its way. Without `If-Match` it is about the pipeline as it is when it comes to be decided: where the definition
/// that was read must be compiled again for other defaults, and was replaced meanwhile, it is read again.
struct pending_update {
  operations& ops;
  caller who;
  pipeline_id id;
  pipeline_patch patch;
  std::string if_match;
  responder send;
  int reads_left = 5;
};

void read_and_update(const std::shared_ptr<pending_update>& p);

void update_as_read(const std::shared_ptr<pending_update>& p, pipeline_view now) {
  if (!may_change(p->if_match, now.record)) return p->send(render_error(style, changed_meanwhile(now.record)));
  auto patch = p->patch;
  const bool recompiles = !patch.source && changes_defaults(patch.attributes);
  if (recompiles || !p->if_match.empty()) patch.if_state = pipeline_state::of(now.record);
  patch.defaults = task_defaults(merged(std::move(now.record.attributes), patch.attributes));
  auto source = patch.source ? *patch.source : now.source.value_or(definition{});
  if (recompiles) patch.source = source;
  auto answer = answer_pipeline(200, p->send, std::move(source));
  p->ops.update_pipeline(p->who, p->id, std::move(patch),
                         [p, recompiles, answer = std::move(answer)](result<pipeline_view> changed) {
                           const bool overtaken = !changed && changed.error().code == errc::precondition_failed;
                           if (overtaken && recompiles && p->if_match.empty() && --p->reads_left > 0)
                             return read_and_update(p);
                           answer(std::move(changed));
                         });
}

void read_and_update(const std::shared_ptr<pending_update>& p) {
  p->ops.get_pipeline(
    p->who, p->id, then<pipeline_view>(style, p->send, [p](pipeline_view now) { update_as_read(p, std::move(now)); }));
}

} // namespace

void list_pipelines(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const page which{static_cast<std::uint32_t>(query.number("limit", list_max, 1, list_max)),
                   query.number("offset", 0, 0, offset_max)};
  const auto workspace = query.id("workspaceId");
  pipeline_filter filter;
  filter.search = query.text("search").value_or("");
  if (!problems.empty()) return send(render_error(style, problems.take()));
  // Credentials are of one workspace; of another one nothing is to be seen.
  if (workspace && workspace_id{*workspace} != in.who.workspace) return send(render_pipelines({}));
  with.ops.list_pipelines(in.who, std::move(filter), which,
                          answer_with<listing<pipeline_view>>(style, send, &render_pipelines));
}

void create_pipeline(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  auto given = read_patch(*body, problems, true, with.settings.definitions);
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  pipeline_draft draft;
  for (const auto& field : number_fields)
    if (!given.attributes.find(field.name)) given.attributes.set(field.name, field.fallback);
  draft.name = std::move(*given.name);
  draft.description = given.description.value_or("");
  draft.source = *given.source;
  draft.defaults = task_defaults(given.attributes);
  draft.enabled = given.enabled.value_or(true);
  draft.schedule = given.schedule.value_or(std::nullopt);
  draft.tags = given.tags.value_or(std::vector<std::string>{});
  draft.attributes = std::move(given.attributes);
  with.ops.create_pipeline(in.who, std::move(draft), std::move(once),
                           answer_pipeline(201, send, std::move(*given.source)));
}

void get_pipeline(const request& in, const services& with, responder send) {
  request_problems problems;
  const pipeline_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  // Never a 304: how its last run stands is part of the answer, and not of the tag.
  with.ops.get_pipeline(in.who, id,
                        answer_with<pipeline_view>(style, send, [](const auto& p) { return render_pipeline(200, p); }));
}

void update_pipeline(const request& in, const services& with, responder send) {
  request_problems problems;
  const pipeline_id id{id_in_path(in, "id", problems)};
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  auto patch = read_patch(*body, problems, false, with.settings.definitions);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  patch.always_revise = true;
  read_and_update(std::make_shared<pending_update>(
    pending_update{with.ops, in.who, id, std::move(patch), in.header_text("if-match"), std::move(send)}));
}

void delete_pipeline(const request& in, const services& with, responder send) {
  delete_pipeline_in_path(in, with, send);
}

} // namespace penstock::engine_surface
