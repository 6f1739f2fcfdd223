#include "api/surfaces/pipelines/routes.hpp"

#include "api/surfaces/pipelines/handlers.hpp"

#include <array>

namespace penstock::pipelines {
namespace {

constexpr std::string_view paging = "limit:integer=100,offset:integer=0,domain_id:uuid";
constexpr std::string_view run_paging = "limit:integer=100,offset:integer=0,status:text";

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/api/pipelines",
        .permission = scope::read_pipelines,
        .handle = &list_pipelines,
        .operation = "pipelines.list",
        .summary = "List pipelines, newest first",
        .query = paging,
        .gives = "200 PipelineEntry[]"},
  route{.method = verb::post,
        .pattern = "/api/pipelines",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .holds_definition = true,
        .handle = &create_pipeline,
        .operation = "pipelines.create",
        .summary = "Create a pipeline",
        .takes = "PipelineCreate",
        .gives = "201 Pipeline"},
  route{.method = verb::get,
        .pattern = "/api/pipelines/{id}",
        .permission = scope::read_pipelines,
        .handle = &get_pipeline,
        .operation = "pipelines.get",
        .summary = "Get a pipeline with its config",
        .gives = "200 Pipeline"},
  route{.method = verb::put,
        .pattern = "/api/pipelines/{id}",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .holds_definition = true,
        .handle = &update_pipeline,
        .operation = "pipelines.update",
        .summary = "Change a pipeline; what is left out stays",
        .takes = "PipelineUpdate",
        .gives = "200 Pipeline"},
  route{.method = verb::del,
        .pattern = "/api/pipelines/{id}",
        .permission = scope::write_pipelines,
        .handle = &delete_pipeline,
        .operation = "pipelines.delete",
        .summary = "Delete a pipeline with its runs, logs and files",
        .gives = "204"},
  route{.method = verb::post,
        .pattern = "/api/pipelines/{id}/run",
        .permission = scope::write_pipelines,
        .body = body_rule::optional_json,
        .handle = &start_run,
        .operation = "pipelines.run",
        .summary = "Start a run; with Prefer: wait=N answers 200 once it ended",
        .takes = "RunStart",
        .gives = "200 Run,202 RunStarted"},
  route{.method = verb::post,
        .pattern = "/api/pipelines/{id}/duplicate",
        .permission = scope::write_pipelines,
        .body = body_rule::optional_json,
        .handle = &duplicate_pipeline,
        .operation = "pipelines.duplicate",
        .summary = "Create a copy of a pipeline",
        .takes = "PipelineDuplicate",
        .gives = "201 Pipeline"},
  route{.method = verb::get,
        .pattern = "/api/pipelines/{id}/runs",
        .permission = scope::read_jobs,
        .handle = &list_runs,
        .operation = "pipelines.listRuns",
        .summary = "List a pipeline's runs, newest first",
        .query = run_paging,
        .gives = "200 Run[]"},
  route{.method = verb::get,
        .pattern = "/api/pipelines/runs/{run_id}",
        .permission = scope::read_jobs,
        .handle = &get_run,
        .operation = "pipelines.getRun",
        .summary = "Get a run and its tasks",
        .gives = "200 Run"},
  route{.method = verb::get,
        .pattern = "/api/pipelines/runs/{run_id}/logs",
        .permission = scope::read_jobs,
        .handle = &get_logs,
        .operation = "pipelines.getLogs",
        .summary = "Get a run's log lines",
        .query = "from:integer=0,limit:integer=10000",
        .gives = "200 RunLogs"},
  route{.method = verb::get,
        .pattern = "/api/pipelines/runs/{run_id}/download",
        .permission = scope::read_jobs,
        .handle = &download_output,
        .operation = "pipelines.download",
        .summary = "Download a run's output file",
        .gives = "200 application/octet-stream"},
  route{.method = verb::post,
        .pattern = "/api/pipelines/runs/{run_id}/cancel",
        .permission = scope::write_pipelines,
        .handle = &cancel_run,
        .operation = "pipelines.cancel",
        .summary = "Cancel a run",
        .gives = "200 RunCancelled"},
};

constexpr std::array schemas{
  schema{"PipelineCreate",
         R"({"type":"object","required":["name","config"],"properties":{"name":{"type":"string"},)"
         R"("config":{"type":["object","string"]},"schedule":{"type":["string","null"]},"enabled":{"type":"boolean"},)"
         R"("domain_id":{"type":["string","null"],"format":"uuid"}}})"},
  schema{"PipelineUpdate",
         R"({"type":"object","properties":{"name":{"type":"string"},"config":{"type":["object","string"]},)"
         R"("schedule":{"type":["string","null"]},"enabled":{"type":"boolean"},)"
         R"("domain_id":{"type":["string","null"],"format":"uuid"}}})"},
  schema{"PipelineDuplicate", R"({"type":"object","properties":{"name":{"type":"string"}}})"},
  schema{
    "Pipeline",
    R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"name":{"type":"string"},"config":{},)"
    R"("schedule":{"type":["string","null"]},"enabled":{"type":"boolean"},"domain_id":{"type":["string","null"]},)"
    R"("created_at":{"type":"string","format":"date-time"},"updated_at":{"type":["string","null"],"format":"date-time"},)"
    R"("warnings":{"type":"array","items":{"type":"string"}}}})"},
  schema{
    "PipelineEntry",
    R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"name":{"type":"string"},)"
    R"("schedule":{"type":["string","null"]},"enabled":{"type":"boolean"},"domain_id":{"type":["string","null"]},)"
    R"("domain_name":{"type":["string","null"]},"last_run_status":{"type":["string","null"]},)"
    R"("last_run_at":{"type":["string","null"],"format":"date-time"},"created_at":{"type":"string","format":"date-time"}}})"},
  schema{"RunStart", R"({"type":"object","properties":{"parameters":{"type":"object"},)"
                     R"("priority":{"enum":["HIGH","NORMAL","LOW"]}}})"},
  schema{
    "RunStarted",
    R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"pipeline_id":{"type":"string","format":"uuid"},)"
    R"("status":{"type":"string"},"triggered_by":{"type":"string"},"created_at":{"type":"string","format":"date-time"}}})"},
  schema{
    "Run",
    R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"pipeline_id":{"type":"string","format":"uuid"},)"
    R"("status":{"enum":["pending","running","success","failed","cancelled"]},"triggered_by":{"type":"string"},)"
    R"("started_at":{"type":["string","null"],"format":"date-time"},"finished_at":{"type":["string","null"],"format":"date-time"},)"
    R"("error":{"type":["string","null"]},"created_at":{"type":"string","format":"date-time"},)"
    R"("output_file":{"type":["string","null"]},"output_file_size":{"type":["integer","null"]},)"
    R"("tasks":{"type":"array","items":{"$ref":"#/components/schemas/RunTask"}}}})"},
  schema{
    "RunTask",
    R"({"type":"object","properties":{"id":{"type":"string"},"type":{"type":"string"},"status":{"type":"string"},)"
    R"("needs":{"type":"array","items":{"type":"string"}},"attempt":{"type":"integer"},"rows":{"type":"integer"},)"
    R"("bytes":{"type":"integer"},"started_at":{"type":["string","null"]},"finished_at":{"type":["string","null"]},)"
    R"("error":{"type":["string","null"]},"earlier_attempts":{"type":"array","items":{"type":"object","properties":{)"
    R"("item":{"type":"integer"},"attempt":{"type":"integer"},"started_at":{"type":"string","format":"date-time"},)"
    R"("finished_at":{"type":"string","format":"date-time"},"error":{"type":["string","null"]}}}}}})"},
  schema{"RunLogs", R"({"type":"object","properties":{"logs":{"type":"string"},"next":{"type":"integer"}}})"},
  schema{"RunCancelled", R"({"type":"object","properties":{"status":{"const":"cancelled"}}})"},
};

} // namespace

surface routes() { return {"pipelines", error_style::problem, rows, schemas}; }

} // namespace penstock::pipelines
