#include "api/surfaces/cloud/pipelines.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/http_server.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/cloud/paging.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/cloud/triggering.hpp"
#include "api/surfaces/entity_tag.hpp"
#include "api/surfaces/schedule_field.hpp"
#include "runtime/model/json.hpp"

#include <array>
#include <memory>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;

/// The document knows only 404 for an id, so one that no pipeline can have is simply not there.
std::optional<pipeline_id> pipeline_in_path(const request& in, const responder& send) {
  if (const auto id = parse_uuid(in.parameters["id"])) return pipeline_id{*id};
  send(render_error(style, error{errc::not_found, "there is no such pipeline", {}}));
  return std::nullopt;
}

response show(int status, const pipeline_view& p) {
  auto r = render_data(status, [&](json_writer& w) { write_pipeline(w, p); });
  return std::move(r.with("ETag", entity_tag(p.record)));
}

std::optional<pipeline_type> known_type(const std::string& word, request_problems& problems) {
  auto type = parse_pipeline_type(word);
  if (!type) problems.add("type", "must be etl, automation or saas, is \"" + word + "\"");
  return type;
}

void list_pipelines(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto at = read_page(query);
  pipeline_filter filter;
  if (const auto word = query.text("type")) filter.type = known_type(*word, problems);
  if (const auto word = query.text("status")) {
    filter.standing = parse_pipeline_standing(*word);
    if (!filter.standing) problems.add("status", "must be active, paused or error, is \"" + *word + "\"");
  }
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_pipelines(in.who, std::move(filter), at.cut(),
                          answer_with<listing<pipeline_view>>(
                            style, send, [at](const auto& all) { return render_list(all, at, &write_pipeline); }));
}

/// `definition`, or one made of `source` and `destination`.
std::optional<definition> read_source(const value& body, body_fields& fields) {
  if (const auto* given = fields.find("definition")) {
    if (given->as_object()) return definition{definition_format::json, write_json(*given)};
    if (const auto* text = given->as_string()) return definition{definition_format::yaml, *text};
    fields.wrong("definition", "must be an object or YAML text, is " + std::string{given->kind_name()});
    return std::nullopt;
  }
  value::object parts;
  for (const auto* name : {"source", "transformations", "destination"})
    if (const auto* part = body.find(name); part && !part->is_null()) parts.emplace_back(name, *part);
  if (!parts.empty()) return definition{definition_format::json, write_json(value{std::move(parts)})};
  fields.wrong("definition", "is missing; a pipeline has a definition, or source and destination");
  return std::nullopt;
}

void create_pipeline(const request& in, const services& with, responder send) {
  auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  body_fields fields{*body, problems};
  pipeline_draft draft;
  draft.name = fields.text("name", {.required = true, .bytes_max = 200, .one_line = true}).value_or("");
  if (const auto word = fields.text("type", {})) draft.type = known_type(*word, problems).value_or(draft.type);
  draft.schedule = read_schedule(fields, "schedule");
  draft.source = read_source(*body, fields).value_or(definition{});
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.create_pipeline(in.who, std::move(draft), std::move(once),
                           answer_with<pipeline_view>(style, send, [](const auto& p) {
                             auto r = show(201, p);
                             return std::move(r.with("Location", "/v1/pipelines/" + pipeline_text(p.record.id)));
                           }));
}

void get_pipeline(const request& in, const services& with, responder send) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  // Never a 304: how its last run stands and when the next one is due are part of the answer, and not of the tag.
  with.ops.get_pipeline(in.who, *id,
                        answer_with<pipeline_view>(style, send, [](const auto& p) { return show(200, p); }));
}

/// Does `change` to the pipeline in the state that `If-Match` allows, or in any if there is none.
template <class Change>
void change_if_matched(const request& in, const services& with, const responder& send, pipeline_id id, Change change) {
  auto if_match = in.header_text("if-match");
  if (if_match.empty()) return change(std::optional<pipeline_state>{});
  with.ops.get_pipeline(in.who, id, then<pipeline_view>(style, send, [if_match, send, change](const auto& now) {
                          if (!may_change(if_match, now.record))
                            return send(render_error(style, changed_meanwhile(now.record)));
                          change(std::optional{pipeline_state::of(now.record)});
                        }));
}

void delete_pipeline(const request& in, const services& with, responder send) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  change_if_matched(in, with, send, *id, [&ops = with.ops, who = in.who, id = *id, send](auto if_state) {
    ops.delete_pipeline(who, id, if_state, answer_with<void>(style, send, &no_content));
  });
}

void set_enabled(const request& in, const services& with, const responder& send, bool enabled) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  change_if_matched(in, with, send, *id, [&ops = with.ops, who = in.who, id = *id, enabled, send](auto if_state) {
    pipeline_patch patch;
    patch.if_state = if_state;
    patch.enabled = enabled;
    ops.update_pipeline(who, id, std::move(patch),
                        answer_with<pipeline_view>(style, send, [](const auto& p) { return show(200, p); }));
  });
}

void pause_pipeline(const request& in, const services& with, responder send) { set_enabled(in, with, send, false); }
void resume_pipeline(const request& in, const services& with, responder send) { set_enabled(in, with, send, true); }

void trigger_pipeline(const request& in, const services& with, responder send) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  trigger(in, with, std::move(send), *id, &write_job, [](json_writer& w, const run_record& run) {
    w.member("id", job_text(run.id)).member("pipeline_id", pipeline_text(run.pipeline));
  });
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/pipelines",
        .permission = scope::read_pipelines,
        .handle = &list_pipelines,
        .operation = "cloud.listPipelines",
        .summary = "List pipelines, newest first",
        .query = "page:integer=1,limit:integer=20,status:text,type:text",
        .gives = "200 CloudPipelineList"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .holds_definition = true,
        .handle = &create_pipeline,
        .operation = "cloud.createPipeline",
        .summary = "Create a pipeline from a definition, or from source and destination",
        .takes = "CloudPipelineCreate",
        .gives = "201 CloudPipelineDetail"},
  route{.method = verb::get,
        .pattern = "/v1/pipelines/{id}",
        .permission = scope::read_pipelines,
        .handle = &get_pipeline,
        .operation = "cloud.getPipeline",
        .summary = "Get a pipeline",
        .gives = "200 CloudPipelineDetail"},
  route{.method = verb::del,
        .pattern = "/v1/pipelines/{id}",
        .permission = scope::write_pipelines,
        .handle = &delete_pipeline,
        .operation = "cloud.deletePipeline",
        .summary = "Delete a pipeline with its jobs, logs and files",
        .gives = "204"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines/{id}/trigger",
        .permission = scope::write_pipelines,
        .body = body_rule::optional_json,
        .handle = &trigger_pipeline,
        .operation = "cloud.triggerPipeline",
        .summary = "Start a job; with Prefer: wait=N answers 200 once it ended",
        .takes = "CloudTrigger",
        .gives = "200 JobDetail,202 JobDetail"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines/{id}/pause",
        .permission = scope::write_pipelines,
        .handle = &pause_pipeline,
        .operation = "cloud.pausePipeline",
        .summary = "Pause a pipeline: schedules start it no more",
        .gives = "200 CloudPipelineDetail"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines/{id}/resume",
        .permission = scope::write_pipelines,
        .handle = &resume_pipeline,
        .operation = "cloud.resumePipeline",
        .summary = "Let schedules start a pipeline again",
        .gives = "200 CloudPipelineDetail"},
};

constexpr std::array schemas{
  schema{"CloudPipelineCreate",
         R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"},)"
         R"("type":{"enum":["etl","automation","saas"]},"schedule":{"type":"string"},"source":{"type":"object"},)"
         R"("destination":{"type":"object"},"definition":{"type":["object","string"]}}})"},
  schema{"CloudPipeline",
         R"({"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},)"
         R"("type":{"enum":["etl","automation","saas"]},"status":{"enum":["active","paused","error"]},)"
         R"("schedule":{"type":["string","null"]},"last_run_at":{"type":["string","null"],"format":"date-time"},)"
         R"("next_run_at":{"type":["string","null"],"format":"date-time"},)"
         R"("created_at":{"type":"string","format":"date-time"}}})"},
  schema{"CloudPipelineDetail",
         R"({"type":"object","properties":{"data":{"$ref":"#/components/schemas/CloudPipeline"}}})"},
  schema{
    "CloudPipelineList",
    R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/CloudPipeline"}},)"
    R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
    R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"CloudTrigger", R"({"type":"object","properties":{"parameters":{"type":"object"}}})"},
};

} // namespace

surface pipeline_routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
