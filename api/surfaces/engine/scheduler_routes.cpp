#include "api/surfaces/engine/scheduler.hpp"

#include <array>

namespace penstock::engine_surface {
namespace {

constexpr auto read = scope::read_pipelines;
constexpr auto write = scope::write_pipelines;
constexpr std::string_view listed = "pipelineId:uuid,limit:integer=1000,offset:integer=0";

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/schedules",
        .permission = read,
        .handle = &list_schedules,
        .operation = "listSchedules",
        .summary = "List schedules, newest first",
        .query = listed,
        .gives = "200 EngineSchedule[]"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/schedules",
        .permission = write,
        .body = body_rule::json,
        .handle = &create_schedule,
        .operation = "createSchedule",
        .summary = "Create a cron schedule",
        .takes = "EngineScheduleCreate",
        .gives = "201 EngineSchedule"},
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/schedules/{id}",
        .permission = read,
        .handle = &get_schedule,
        .operation = "getSchedule",
        .summary = "Get a schedule",
        .gives = "200 EngineSchedule"},
  route{.method = verb::put,
        .pattern = "/api/v1/scheduler/schedules/{id}",
        .permission = write,
        .body = body_rule::json,
        .handle = &update_schedule,
        .operation = "updateSchedule",
        .summary = "Change a schedule; what is left out stays as it is",
        .takes = "EngineScheduleUpdate",
        .gives = "200 EngineSchedule"},
  route{.method = verb::del,
        .pattern = "/api/v1/scheduler/schedules/{id}",
        .permission = write,
        .handle = &delete_schedule,
        .operation = "deleteSchedule",
        .summary = "Delete a schedule; its runs stay",
        .gives = "204"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/schedules/{id}/pause",
        .permission = write,
        .handle = &pause_schedule,
        .operation = "pauseSchedule",
        .summary = "Pause a schedule",
        .gives = "200 EngineSchedule"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/schedules/{id}/resume",
        .permission = write,
        .handle = &resume_schedule,
        .operation = "resumeSchedule",
        .summary = "Resume a schedule; its catchupStrategy decides what becomes of the times it missed",
        .gives = "200 EngineSchedule"},
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/next-runs",
        .permission = read,
        .handle = &next_runs,
        .operation = "getNextRuns",
        .summary = "Preview when a schedule, all schedules of a pipeline, or a cron expression start runs",
        .query = "scheduleId:uuid,pipelineId:uuid,cronExpression:text,timezone:text=UTC,businessDaysOnly:boolean=false,"
                 "skipHolidays:boolean=false,calendar:text=holidays,from:text,limit:integer=20",
        .gives = "200 EngineNextRuns"},
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/backfill",
        .permission = read,
        .handle = &list_backfills,
        .operation = "listBackfills",
        .summary = "List backfills, newest first",
        .query = listed,
        .gives = "200 EngineBackfill[]"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/backfill",
        .permission = write,
        .body = body_rule::json,
        .handle = &create_backfill,
        .operation = "createBackfill",
        .summary = "Run a pipeline for each interval of a range of time, both ends included",
        .takes = "EngineBackfillCreate",
        .gives = "201 EngineBackfill"},
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/backfill/{id}",
        .permission = read,
        .handle = &get_backfill,
        .operation = "getBackfillProgress",
        .summary = "Get a backfill with its progress",
        .gives = "200 EngineBackfill"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/backfill/{id}/pause",
        .permission = write,
        .handle = &pause_backfill,
        .operation = "pauseBackfill",
        .summary = "Start no further intervals; those that run go on",
        .gives = "200 EngineBackfill"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/backfill/{id}/resume",
        .permission = write,
        .handle = &resume_backfill,
        .operation = "resumeBackfill",
        .summary = "Go on with a paused backfill",
        .gives = "200 EngineBackfill"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/backfill/{id}/cancel",
        .permission = write,
        .handle = &cancel_backfill,
        .operation = "cancelBackfill",
        .summary = "Cancel a backfill and its active runs",
        .gives = "200 EngineBackfill"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/backfill/{id}/retry-failed",
        .permission = write,
        .handle = &retry_backfill,
        .operation = "retryFailedIntervals",
        .summary = "Run the failed intervals of a backfill once more, and only those",
        .gives = "200 EngineBackfill"},
  route{.method = verb::post,
        .pattern = "/api/v1/scheduler/dependencies",
        .permission = write,
        .body = body_rule::json,
        .handle = &add_dependency,
        .operation = "addDependency",
        .summary = "Have a pipeline started when others have ended",
        .takes = "EngineDependencyCreate",
        .gives = "201 EngineDependency"},
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/dependencies/{id}",
        .permission = read,
        .handle = &get_dependencies,
        .operation = "getDependencyGraph",
        .summary = "Get what a pipeline (id) waits for, and what waits for it",
        .gives = "200 EngineDependencyGraph"},
  route{.method = verb::del,
        .pattern = "/api/v1/scheduler/dependencies/{id}",
        .permission = write,
        .handle = &remove_dependency,
        .operation = "removeDependency",
        .summary = "Remove a dependency (id)",
        .gives = "204"},
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/calendars",
        .permission = read,
        .handle = &list_calendars,
        .operation = "listCalendars",
        .summary = "List calendars of holidays, without their days",
        .gives = "200 EngineCalendarHead[]"},
  route{.method = verb::get,
        .pattern = "/api/v1/scheduler/calendars/{name}",
        .permission = read,
        .handle = &get_calendar,
        .operation = "getCalendar",
        .summary = "Get a calendar with its days",
        .gives = "200 EngineCalendar"},
  route{.method = verb::put,
        .pattern = "/api/v1/scheduler/calendars/{name}",
        .permission = write,
        .body = body_rule::json,
        .handle = &put_calendar,
        .operation = "putCalendar",
        .summary = "Create or replace a calendar; schedules with skipHolidays use the one named holidays",
        .takes = "EngineCalendarPut",
        .gives = "200 EngineCalendar"},
  route{.method = verb::del,
        .pattern = "/api/v1/scheduler/calendars/{name}",
        .permission = write,
        .handle = &delete_calendar,
        .operation = "deleteCalendar",
        .summary = "Delete a calendar",
        .gives = "204"},
};

constexpr std::array schemas{
  schema{
    "EngineScheduleCreate",
    R"({"type":"object","required":["pipelineId","cronExpression"],"properties":{"pipelineId":{"type":"string","format":"uuid"},)"
    R"("name":{"type":["string","null"]},"cronExpression":{"type":"string","description":"five fields, such as 0 2 * * *"},)"
    R"("timezone":{"type":"string","default":"UTC","description":"IANA name, such as Europe/Warsaw"},)"
    R"("businessDaysOnly":{"type":"boolean","default":false},"skipHolidays":{"type":"boolean","default":false},)"
    R"("calendar":{"type":"string","default":"holidays"},)"
    R"("maintenanceWindows":{"type":"array","maxItems":32,"items":{"$ref":"#/components/schemas/EngineMaintenanceWindow"}},)"
    R"("overlapStrategy":{"enum":["SKIP","QUEUE","CANCEL_RUNNING"],"default":"SKIP"},)"
    R"("catchupStrategy":{"enum":["SKIP_TO_CURRENT","RUN_ALL","RUN_LATEST_N"],"default":"SKIP_TO_CURRENT"},)"
    R"("catchupRuns":{"type":"integer","minimum":1,"maximum":1000,"default":1,"description":"the N of RUN_LATEST_N"},)"
    R"("parameters":{"type":"object"},"priority":{"enum":["LOW","MEDIUM","HIGH"],"default":"MEDIUM"}}})"},
  schema{
    "EngineMaintenanceWindow",
    R"({"type":"object","description":"start and end; or cron and durationMinutes; or days, from and to as times of day",)"
    R"("properties":{"start":{"type":"string","format":"date-time"},"end":{"type":"string","format":"date-time"},)"
    R"("cron":{"type":"string"},"durationMinutes":{"type":"integer"},)"
    R"("days":{"type":"array","items":{"enum":["MON","TUE","WED","THU","FRI","SAT","SUN"]}},)"
    R"("from":{"type":"string"},"to":{"type":"string"}}})"},
  schema{"EngineScheduleUpdate",
         R"({"type":"object","description":"The fields of EngineScheduleCreate, each optional; pipelineId stays"})"},
  schema{"EngineSchedule",
         R"({"allOf":[{"$ref":"#/components/schemas/EngineScheduleCreate"},{"type":"object","properties":{)"
         R"("id":{"type":"string","format":"uuid"},"status":{"enum":["ACTIVE","PAUSED"]},)"
         R"("nextRunAt":{"type":["string","null"],"format":"date-time"},)"
         R"("lastRunAt":{"type":["string","null"],"format":"date-time"},)"
         R"("lastRunId":{"type":["string","null"],"format":"uuid"},"lastError":{"type":["string","null"]},)"
         R"("isPipelineSchedule":{"type":"boolean","description":"it is the pipeline's own schedule field"},)"
         R"("fired":{"type":"integer"},"skipped":{"type":"integer"},"queued":{"type":"integer"},)"
         R"("createdAt":{"type":"string","format":"date-time"},"updatedAt":{"type":"string","format":"date-time"},)"
         R"("createdBy":{"type":"string"}}}]})"},
  schema{"EngineNextRuns", R"({"type":"object","properties":{)"
                           R"("nextRuns":{"type":"array","items":{"type":"string","format":"date-time"}}}})"},
  schema{
    "EngineBackfillCreate",
    R"({"type":"object","required":["pipelineId","from","to","granularity"],"properties":{)"
    R"("pipelineId":{"type":"string","format":"uuid"},"from":{"type":"string","description":"a date or a time"},)"
    R"("to":{"type":"string","description":"a date or a time; it is included"},)"
    R"("granularity":{"enum":["HOURLY","DAILY","WEEKLY","MONTHLY"]},"timezone":{"type":"string","default":"UTC"},)"
    R"("concurrency":{"type":"integer","minimum":1,"maximum":100,"default":1},)"
    R"("priority":{"enum":["LOW","MEDIUM","HIGH"],"default":"MEDIUM"},"dryRun":{"type":"boolean","default":false},)"
    R"("parameterOverrides":{"type":"object"}}})"},
  schema{
    "EngineBackfill",
    R"({"allOf":[{"$ref":"#/components/schemas/EngineBackfillCreate"},{"type":"object","properties":{)"
    R"("id":{"type":"string","format":"uuid"},)"
    R"("status":{"enum":["PENDING","RUNNING","PAUSED","COMPLETED","FAILED","CANCELLED"]},)"
    R"("totalIntervals":{"type":"integer"},"completedIntervals":{"type":"integer"},)"
    R"("failedIntervals":{"type":"integer"},"runningIntervals":{"type":"integer"},)"
    R"("firstInterval":{"$ref":"#/components/schemas/EngineInterval"},)"
    R"("lastInterval":{"$ref":"#/components/schemas/EngineInterval"},"failures":{"type":"array","description":)"
    R"("Of one backfill: the first hundred intervals whose last run did not succeed.",)"
    R"("items":{"$ref":"#/components/schemas/EngineInterval"}},)"
    R"("createdAt":{"type":"string","format":"date-time"},"endedAt":{"type":["string","null"],"format":"date-time"},)"
    R"("createdBy":{"type":"string"},"error":{"type":["string","null"]}}}]})"},
  schema{"EngineInterval", R"({"type":["object","null"],"properties":{"start":{"type":"string","format":"date-time"},)"
                           R"("end":{"type":"string","format":"date-time"}}})"},
  schema{
    "EngineDependencyCreate",
    R"({"type":"object","required":["upstreamPipelineId","downstreamPipelineId"],"properties":{)"
    R"("upstreamPipelineId":{"type":"string","format":"uuid"},"downstreamPipelineId":{"type":"string","format":"uuid"},)"
    R"("type":{"enum":["STRONG","WEAK"],"default":"STRONG","description":"wait for a success, or for any end"}}})"},
  schema{"EngineDependency",
         R"({"allOf":[{"$ref":"#/components/schemas/EngineDependencyCreate"},{"type":"object","properties":{)"
         R"("id":{"type":"string","format":"uuid"},)"
         R"("pipelineId":{"type":"string","format":"uuid","description":"the other end; in graphs only"},)"
         R"("createdAt":{"type":"string","format":"date-time"},"createdBy":{"type":"string"}}}]})"},
  schema{"EngineDependencyGraph",
         R"({"type":"object","properties":{"pipelineId":{"type":"string","format":"uuid"},)"
         R"("upstream":{"type":"array","items":{"$ref":"#/components/schemas/EngineDependency"}},)"
         R"("downstream":{"type":"array","items":{"$ref":"#/components/schemas/EngineDependency"}}}})"},
  schema{
    "EngineCalendarHead",
    R"({"type":"object","properties":{"name":{"type":"string"},"dayCount":{"type":"integer"},)"
    R"("firstDay":{"type":["string","null"],"format":"date"},"lastDay":{"type":["string","null"],"format":"date"},)"
    R"("updatedAt":{"type":"string","format":"date-time"}}})"},
  schema{"EngineDay", R"({"type":"object","required":["date"],"properties":{)"
                      R"("date":{"type":"string","format":"date"},"name":{"type":["string","null"]}}})"},
  schema{"EngineCalendar",
         R"({"allOf":[{"$ref":"#/components/schemas/EngineCalendarHead"},{"type":"object","properties":{)"
         R"("days":{"type":"array","items":{"$ref":"#/components/schemas/EngineDay"}}}}]})"},
  schema{"EngineCalendarPut",
         R"({"type":"object","description":"days or ical, one of the two","properties":{"days":{"type":"array",)"
         R"("maxItems":10000,"items":{"oneOf":[{"type":"string","format":"date"},)"
         R"({"$ref":"#/components/schemas/EngineDay"}]}},)"
         R"("ical":{"type":"string","description":"the text of an iCalendar file, from BEGIN:VCALENDAR on"}}})"},
};

} // namespace

surface scheduler_routes() { return {"engine", error_style::problem, rows, schemas}; }

} // namespace penstock::engine_surface
