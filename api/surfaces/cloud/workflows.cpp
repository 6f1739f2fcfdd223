#include "api/surfaces/cloud/workflows.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/http_server.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/cloud/paging.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/cloud/triggering.hpp"
#include "api/surfaces/schedule_field.hpp"
#include "runtime/model/json.hpp"

#include <array>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;
constexpr std::size_t connector_bytes_max = 100;

/// The document knows only 404 for an id, so one that no workflow can have is simply not there.
std::optional<pipeline_id> workflow_in_path(const request& in, const responder& send) {
  if (const auto id = parse_uuid(in.parameters["id"])) return pipeline_id{*id};
  send(render_error(style, error{errc::not_found, "there is no such workflow", {}}));
  return std::nullopt;
}

void list_workflows(const request& in, const services& with, responder send) {
  request_problems problems;
  const auto at = read_page(query_fields{in.query, problems});
  if (!problems.empty()) return send(render_error(style, problems.take()));
  pipeline_filter filter;
  filter.type = pipeline_type::etl;
  with.ops.list_pipelines(in.who, std::move(filter), at.cut(),
                          answer_with<listing<pipeline_view>>(
                            style, send, [at](const auto& all) { return render_list(all, at, &write_workflow); }));
}

/// `definition`, or a source and a destination of the given types, which may lack either.
std::optional<definition> read_source(body_fields& fields, bool& unfinished) {
  const auto from = fields.text("source_type", {.bytes_max = connector_bytes_max, .one_line = true});
  const auto to = fields.text("destination_type", {.bytes_max = connector_bytes_max, .one_line = true});
  if (const auto* given = fields.find("definition")) {
    if (given->as_object()) return definition{definition_format::json, write_json(*given)};
    if (const auto* text = given->as_string()) return definition{definition_format::yaml, *text};
    fields.wrong("definition", "must be an object or YAML text, is " + std::string{given->kind_name()});
    return std::nullopt;
  }
  unfinished = true;
  value::object parts;
  const auto add = [&](const char* name, const std::optional<std::string>& type) {
    if (type) parts.emplace_back(name, value{value::object{{"type", value{*type}}}});
  };
  add("source", from);
  add("destination", to);
  return definition{definition_format::json, write_json(value{std::move(parts)})};
}

void create_workflow(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  body_fields fields{*body, problems};
  pipeline_draft draft;
  draft.name = fields.text("name", {.required = true, .bytes_max = 200, .one_line = true}).value_or("");
  draft.type = pipeline_type::etl;
  draft.schedule = read_schedule(fields, "schedule");
  draft.source = read_source(fields, draft.defaults.unfinished).value_or(definition{});
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.create_pipeline(in.who, std::move(draft), std::move(once),
                           answer_with<pipeline_view>(style, send, [](const auto& p) {
                             auto r = render_data(201, [&](json_writer& w) {
                               write_workflow(w, p);
                               write_warnings(w, p);
                             });
                             return std::move(r.with("Location", "/v1/pipelines/" + pipeline_text(p.record.id)));
                           }));
}

void list_workflow_runs(const request& in, const services& with, responder send) {
  const auto id = workflow_in_path(in, send);
  if (!id) return;
  request_problems problems;
  const auto at = read_page(query_fields{in.query, problems});
  if (!problems.empty()) return send(render_error(style, problems.take()));
  run_filter filter;
  filter.pipeline = *id;
  filter.type = pipeline_type::etl;
  with.ops.list_runs(in.who, filter, at.cut(), answer_with<listing<run_view>>(style, send, [at](const auto& runs) {
                       return render_list(runs, at, &write_etl_run);
                     }));
}

void trigger_workflow(const request& in, const services& with, responder send) {
  const auto id = workflow_in_path(in, send);
  if (!id) return;
  trigger(in, with, std::move(send), *id, pipeline_type::etl, &write_etl_run,
          [](json_writer& w, const run_record& run) {
            w.member("run_id", etl_run_text(run.id)).member("workflow_id", workflow_text(run.pipeline));
          });
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/etl/workflows",
        .permission = scope::read_pipelines,
        .handle = &list_workflows,
        .operation = "cloud.listWorkflows",
        .summary = "List ETL workflows, newest first",
        .query = "page:integer=1,limit:integer=20",
        .gives = "200 WorkflowList"},
  route{.method = verb::post,
        .pattern = "/v1/etl/workflows",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .holds_definition = true,
        .handle = &create_workflow,
        .operation = "cloud.createWorkflow",
        .summary = "Create an ETL workflow from a definition, or from the types of its source and destination",
        .takes = "WorkflowCreate",
        .gives = "201 WorkflowAnswer"},
  route{.method = verb::get,
        .pattern = "/v1/etl/workflows/{id}/runs",
        .permission = scope::read_jobs,
        .handle = &list_workflow_runs,
        .operation = "cloud.listWorkflowRuns",
        .summary = "List the runs of an ETL workflow, newest first",
        .query = "page:integer=1,limit:integer=20",
        .gives = "200 WorkflowRunList"},
  route{.method = verb::post,
        .pattern = "/v1/etl/workflows/{id}/trigger",
        .permission = scope::write_pipelines,
        .body = body_rule::optional_json,
        .handle = &trigger_workflow,
        .operation = "cloud.triggerWorkflow",
        .summary = "Start a run of an ETL workflow; with Prefer: wait=N answers 200 once it ended",
        .takes = "CloudTrigger",
        .gives = "200 WorkflowRunAnswer,202 WorkflowRunAnswer"},
};

constexpr std::array schemas{
  schema{"WorkflowCreate",
         R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"},)"
         R"("source_type":{"type":"string"},"destination_type":{"type":"string"},"schedule":{"type":"string"},)"
         R"("definition":{"type":["object","string"]}}})"},
  schema{"Workflow", R"({"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},)"
                     R"("status":{"enum":["active","paused","error"]},"source_type":{"type":"string"},)"
                     R"("destination_type":{"type":"string"},"schedule":{"type":["string","null"]},)"
                     R"("last_run_at":{"type":["string","null"],"format":"date-time"}}})"},
  schema{"WorkflowAnswer", R"({"type":"object","properties":{"data":{"$ref":"#/components/schemas/Workflow"}}})"},
  schema{"WorkflowList",
         R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/Workflow"}},)"
         R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
         R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"WorkflowRun",
         R"({"type":"object","properties":{"run_id":{"type":"string"},"workflow_id":{"type":"string"},)"
         R"("status":{"enum":["pending","running","completed","failed","cancelled"]},)"
         R"("rows_processed":{"type":"integer"},"started_at":{"type":["string","null"],"format":"date-time"},)"
         R"("completed_at":{"type":["string","null"],"format":"date-time"}}})"},
  schema{"WorkflowRunAnswer", R"({"type":"object","properties":{"data":{"$ref":"#/components/schemas/WorkflowRun"}}})"},
  schema{
    "WorkflowRunList",
    R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/WorkflowRun"}},)"
    R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
    R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
};

} // namespace

surface workflow_routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
