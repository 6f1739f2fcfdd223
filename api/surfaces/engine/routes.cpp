#include "api/surfaces/engine/routes.hpp"

#include "api/surfaces/engine/handlers.hpp"

#include <array>

namespace penstock::engine_surface {
namespace {

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/api/v1/pipelines",
        .permission = scope::read_pipelines,
        .handle = &list_pipelines,
        .operation = "listPipelines",
        .summary = "List pipelines, newest first",
        .query = "workspaceId:uuid,search:text,limit:integer=1000,offset:integer=0",
        .gives = "200 EnginePipeline[]"},
  route{.method = verb::post,
        .pattern = "/api/v1/pipelines",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .handle = &create_pipeline,
        .operation = "createPipeline",
        .summary = "Create a pipeline (starts in DRAFT)",
        .takes = "EnginePipelineCreate",
        .gives = "201 EnginePipeline"},
  route{.method = verb::get,
        .pattern = "/api/v1/pipelines/{id}",
        .permission = scope::read_pipelines,
        .handle = &get_pipeline,
        .operation = "getPipeline",
        .summary = "Get a pipeline including YAML",
        .gives = "200 EnginePipeline"},
  route{.method = verb::put,
        .pattern = "/api/v1/pipelines/{id}",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .handle = &update_pipeline,
        .operation = "updatePipeline",
        .summary = "Update a pipeline; its version counts up",
        .takes = "EnginePipelineUpdate",
        .gives = "200 EnginePipeline"},
  route{.method = verb::del,
        .pattern = "/api/v1/pipelines/{id}",
        .permission = scope::write_pipelines,
        .handle = &delete_pipeline,
        .operation = "deletePipeline",
        .summary = "Delete a pipeline with all versions and runs",
        .gives = "204"},
  route{.method = verb::post,
        .pattern = "/api/v1/pipelines/{id}/run",
        .permission = scope::write_pipelines,
        .body = body_rule::optional_json,
        .handle = &run_pipeline,
        .operation = "runPipeline",
        .summary = "Start a run; with Prefer: wait=N answers 200 once it ended",
        .takes = "EngineRunRequest",
        .gives = "200 EngineRunStatus,202 EngineRun"},
  route{.method = verb::get,
        .pattern = "/api/v1/runs/{runId}",
        .permission = scope::read_jobs,
        .handle = &get_run,
        .operation = "getRunStatus",
        .summary = "Get a run with the status of each task",
        .gives = "200 EngineRunStatus"},
  route{.method = verb::post,
        .pattern = "/api/v1/runs/{runId}/cancel",
        .permission = scope::write_pipelines,
        .handle = &cancel_run,
        .operation = "cancelRun",
        .summary = "Cancel a run",
        .gives = "200 EngineRunCancelled"},
  route{.method = verb::get,
        .pattern = "/api/v1/runs/{runId}/stream",
        .permission = scope::read_jobs,
        .handle = &stream_run,
        .operation = "streamRun",
        .summary = "WebSocket: the run now and after every change, closed when it ended",
        .gives = "101"},
};

constexpr std::string_view pipeline_fields =
  R"({"type":"object","required":["name","yamlDefinition"],"properties":{"name":{"type":"string"},"description":{"type":"string"},)"
  R"("yamlDefinition":{"type":"string"},"scheduleCron":{"type":["string","null"]},"tags":{"type":"array","items":{"type":"string"}},)"
  R"("sourceConnectionId":{"type":"string","format":"uuid"},"targetConnectionId":{"type":"string","format":"uuid"},)"
  R"("maxRetries":{"type":"integer","default":3},"retryDelaySeconds":{"type":"integer","default":60},)"
  R"("timeoutSeconds":{"type":"integer","default":3600},"notifications":{"type":"object"},"isActive":{"type":"boolean","default":true}}})";

constexpr std::array schemas{
  schema{"EnginePipelineCreate", pipeline_fields},
  schema{"EnginePipelineUpdate",
         R"({"type":"object","description":"The fields of EnginePipelineCreate, each optional"})"},
  schema{
    "EnginePipeline",
    R"({"allOf":[{"$ref":"#/components/schemas/EnginePipelineCreate"},{"type":"object","properties":{)"
    R"("id":{"type":"string","format":"uuid"},"workspaceId":{"type":"string","format":"uuid"},"version":{"type":"integer"},)"
    R"("status":{"enum":["DRAFT","SCHEDULED","RUNNING","SUCCESS","FAILED","WARNING","CANCELLED"]},)"
    R"("createdAt":{"type":"string","format":"date-time"},"updatedAt":{"type":"string","format":"date-time"},)"
    R"("createdBy":{"type":"string"},"warnings":{"type":"array","items":{"type":"string"}}}}]})"},
  schema{"EngineRunRequest",
         R"({"type":"object","properties":{"yamlDefinition":{"type":"string"},"triggeredBy":{"type":"string"},)"
         R"("parameters":{"type":"object"},"priority":{"enum":["HIGH","NORMAL","LOW"]}}})"},
  schema{"EngineRun", R"({"type":"object","properties":{"runId":{"type":"string","format":"uuid"},)"
                      R"("pipelineId":{"type":"string","format":"uuid"},"status":{"enum":["RUNNING","PENDING"]},)"
                      R"("taskCount":{"type":"integer"},"engine":{"type":"string"}}})"},
  schema{
    "EngineRunStatus",
    R"({"type":"object","properties":{"runId":{"type":"string","format":"uuid"},"pipelineId":{"type":"string","format":"uuid"},)"
    R"("overallStatus":{"enum":["PENDING","RUNNING","COMPLETED","FAILED","CANCELLED"]},)"
    R"("taskStatuses":{"type":"object","additionalProperties":{"enum":["PENDING","RUNNING","COMPLETED","FAILED","CANCELLED","SKIPPED"]}},)"
    R"("errors":{"type":"object","additionalProperties":{"type":"string"}}}})"},
  schema{"EngineRunCancelled", R"({"type":"object","properties":{"runId":{"type":"string","format":"uuid"},)"
                               R"("status":{"const":"CANCELLED"},"message":{"type":"string"}}})"},
};

} // namespace

surface routes() { return {"engine", error_style::problem, rows, schemas}; }

} // namespace penstock::engine_surface
