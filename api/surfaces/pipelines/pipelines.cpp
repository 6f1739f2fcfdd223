#include "api/answering.hpp"
#include "api/http_server.hpp"
#include "api/query_fields.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/definition_problems.hpp"
#include "api/surfaces/delete_pipeline.hpp"
#include "api/surfaces/entity_tag.hpp"
#include "api/surfaces/pipelines/handlers.hpp"
#include "api/surfaces/pipelines/render.hpp"
#include "api/surfaces/schedule_field.hpp"
#include "api/surfaces/task_defaults.hpp"
#include "runtime/model/json.hpp"

#include <memory>

namespace penstock::pipelines {
namespace {

constexpr auto style = error_style::problem;
constexpr std::uint64_t limit_max = 1'000;
constexpr std::uint64_t offset_max = 1'000'000'000;
constexpr std::size_t name_bytes_max = 200;

std::optional<std::string> read_name(body_fields& fields, bool required) {
  return fields.text("name", {.required = required, .bytes_max = name_bytes_max, .one_line = true});
}

/// `config`: an object, or the same as YAML text.
std::optional<definition> read_config(body_fields& fields, bool required) {
  const auto* config = fields.find("config");
  if (!config) {
    if (required) fields.missing("config", "an object");
    return std::nullopt;
  }
  if (config->as_object()) return definition{definition_format::json, write_json(*config)};
  if (const auto* text = config->as_string()) return definition{definition_format::yaml, *text};
  fields.wrong("config", "must be an object or YAML text, is " + std::string{config->kind_name()});
  return std::nullopt;
}

definition_field field_of(const value& body) {
  const auto* config = body.find("config");
  return {"config", config && config->as_object() ? config : nullptr};
}

/// Answers a pipeline, or the error with the places that concern `body`.
reply<pipeline_view> answer_pipeline(int status, responder send, std::shared_ptr<const value> body) {
  return [status, send = std::move(send), body = std::move(body)](result<pipeline_view> p) {
    if (!p) return send(render_error(style, in_terms_of_request(std::move(p.error()), field_of(*body))));
    auto r = render_pipeline(status, *p, false);
    if (status == 201) r.with("Location", "/api/pipelines/" + to_text(p->record.id));
    send(std::move(r));
  };
}

/// The fields that PUT and POST share.
pipeline_patch read_patch(const value& body, request_problems& problems, bool creating,
                          const definition_limits& limits) {
  body_fields fields{body, problems};
  pipeline_patch patch;
  patch.name = read_name(fields, creating);
  patch.source = read_config(fields, creating);
  patch.enabled = fields.boolean("enabled");
  if (auto schedule = read_schedule(fields, "schedule")) patch.schedule = std::move(schedule);
  else if (fields.is_null("schedule")) patch.schedule.emplace();
  if (const auto domain = fields.id("domain_id")) patch.domain = domain;
  else if (fields.is_null("domain_id")) patch.domain.emplace();
  for (const auto* name : {"name", "config", "enabled"})
    if (!creating && fields.is_null(name)) problems.add(name, "must not be null; leave it out to keep it as it is");
  if (!problems.empty() && patch.source) add_definition_problems(problems, *patch.source, field_of(body), limits);
  return patch;
}

} // namespace

void list_pipelines(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const page which{static_cast<std::uint32_t>(query.number("limit", 100, 1, limit_max)),
                   query.number("offset", 0, 0, offset_max)};
  pipeline_filter filter;
  filter.domain = query.id("domain_id");
  filter.search = query.text("search").value_or("");
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_pipelines(in.who, std::move(filter), which,
                          answer_with<listing<pipeline_view>>(style, send, &render_pipelines));
}

void create_pipeline(const request& in, const services& with, responder send) {
  auto parsed = json_object_body(in);
  if (!parsed) return send(render_error(style, parsed.error()));
  const auto body = std::make_shared<const value>(std::move(*parsed));
  request_problems problems;
  auto given = read_patch(*body, problems, true, with.settings.definitions);
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  pipeline_draft draft;
  draft.name = std::move(*given.name);
  draft.source = std::move(*given.source);
  draft.enabled = given.enabled.value_or(true);
  draft.schedule = given.schedule.value_or(std::nullopt);
  draft.domain = given.domain.value_or(std::nullopt);
  with.ops.create_pipeline(in.who, std::move(draft), std::move(once), answer_pipeline(201, send, body));
}

void get_pipeline(const request& in, const services& with, responder send) {
  request_problems problems;
  const pipeline_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.get_pipeline(
    in.who, id, answer_with<pipeline_view>(style, send, [known = in.header_text("if-none-match")](const auto& p) {
      if (auto same = not_modified(known, p.record)) return std::move(*same);
      return render_pipeline(200, p, true);
    }));
}

void update_pipeline(const request& in, const services& with, responder send) {
  request_problems problems;
  const pipeline_id id{id_in_path(in, "id", problems)};
  auto parsed = json_object_body(in);
  if (!parsed) return send(render_error(style, parsed.error()));
  const auto body = std::make_shared<const value>(std::move(*parsed));
  auto patch = read_patch(*body, problems, false, with.settings.definitions);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  // The pipeline is read first: for If-Match, and because its kept fields decide what a new definition's tasks default to.
  with.ops.get_pipeline(in.who, id,
                        then<pipeline_view>(style, send,
                                            [&ops = with.ops, who = in.who, id, if_match = in.header_text("if-match"),
                                             patch = std::move(patch), body, send](const auto& now) mutable {
                                              if (!may_change(if_match, now.record))
                                                return send(render_error(style, changed_meanwhile(now.record)));
                                              if (!if_match.empty()) patch.if_state = pipeline_state::of(now.record);
                                              patch.defaults = task_defaults(now.record.attributes);
                                              ops.update_pipeline(who, id, std::move(patch),
                                                                  answer_pipeline(200, send, body));
                                            }));
}

void delete_pipeline(const request& in, const services& with, responder send) {
  delete_pipeline_in_path(in, with, send);
}

void duplicate_pipeline(const request& in, const services& with, responder send) {
  request_problems problems;
  const pipeline_id id{id_in_path(in, "id", problems)};
  auto parsed = json_object_body(in);
  if (!parsed) return send(render_error(style, parsed.error()));
  const auto body = std::make_shared<const value>(std::move(*parsed));
  body_fields fields{*body, problems};
  auto name = read_name(fields, false);
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.get_pipeline(
    in.who, id,
    then<pipeline_view>(style, send, [&ops = with.ops, who = in.who, name, once, body, send](pipeline_view original) {
      auto& from = original.record;
      pipeline_draft draft;
      draft.name = name.value_or(from.name + " (Copy)");
      draft.description = std::move(from.description);
      if (original.source) draft.source = std::move(*original.source);
      draft.defaults = task_defaults(from.attributes);
      draft.defaults.unfinished = true; // As the original may be.
      draft.enabled = from.enabled;
      draft.schedule = std::move(from.schedule);
      draft.domain = from.domain;
      draft.type = from.type;
      draft.tags = std::move(from.tags);
      draft.attributes = std::move(from.attributes);
      ops.create_pipeline(who, std::move(draft), once, answer_pipeline(201, send, body));
    }));
}

} // namespace penstock::pipelines
