#include "api/surfaces/engine/scheduler.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

namespace {

const std::string pipeline = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
const std::string other_pipeline = "a1b2c3d4-9999-8888-7777-666655554444";
const std::string base = "/api/v1/scheduler/";

struct scheduler_front : test_front {
  reply_view create(const std::string& more = "") {
    return ask(verb::post, base + "schedules",
               R"({"pipelineId":")" + pipeline + R"(","cronExpression":"0 2 * * *")" + more + "}");
  }
  reply_view backfill(const std::string& more = "") {
    return ask(verb::post, base + "backfill",
               R"({"pipelineId":")" + pipeline + R"(","from":"2025-11-01","to":"2025-11-30","granularity":"DAILY")" +
                 more + "}");
  }
  /// The fields that a refusal names, in their order.
  static std::string named(const reply_view& r) {
    std::string all;
    const auto* errors = r.json.find("errors");
    for (const auto& e : errors ? *errors->as_list() : value::list{}) all += *e.find("field")->as_string() + " ";
    return all;
  }
  static std::string detail(const reply_view& r) { return r.at("detail"); }
};

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE_METHOD(scheduler_front, "the documented request makes a schedule with the documented answer", "[scheduler]") {
  const auto made = create(R"(,"timezone":"Europe/Warsaw","businessDaysOnly":false,"skipHolidays":true,)"
                           R"("overlapStrategy":"SKIP","catchupStrategy":"SKIP_TO_CURRENT")");
  REQUIRE(made.status() == 201);
  CHECK(made.header("Location") == base + "schedules/" + made.at("id"));
  CHECK(made.at("pipelineId") == pipeline);
  CHECK(made.at("cronExpression") == "0 2 * * *");
  CHECK(made.at("timezone") == "Europe/Warsaw");
  CHECK(made.at("status") == "ACTIVE");
  CHECK(made.at("nextRunAt") == "2023-11-14T22:14:20Z");
  CHECK(made.at("skipHolidays") == "true");
}

TEST_CASE_METHOD(scheduler_front, "a schedule left to itself has the defaults", "[scheduler]") {
  const auto made = create();
  for (const auto& [field, text] :
       std::vector<std::pair<std::string, std::string>>{{"name", "null"},
                                                        {"timezone", "UTC"},
                                                        {"businessDaysOnly", "false"},
                                                        {"skipHolidays", "false"},
                                                        {"calendar", "holidays"},
                                                        {"maintenanceWindows", "[]"},
                                                        {"overlapStrategy", "SKIP"},
                                                        {"catchupStrategy", "SKIP_TO_CURRENT"},
                                                        {"catchupRuns", "1"},
                                                        {"parameters", "{}"},
                                                        {"priority", "MEDIUM"},
                                                        {"isPipelineSchedule", "false"},
                                                        {"fired", "0"},
                                                        {"skipped", "0"},
                                                        {"queued", "0"},
                                                        {"lastRunAt", "null"},
                                                        {"lastRunId", "null"},
                                                        {"lastError", "null"},
                                                        {"createdBy", "admin-key"}}) {
    INFO(field);
    CHECK(made.at(field) == text);
  }
  CHECK(made.at("createdAt") == made.at("updatedAt"));
}

TEST_CASE_METHOD(scheduler_front, "every field of a schedule is given back", "[scheduler]") {
  const auto made =
    create(R"(,"name":"nightly","businessDaysOnly":true,"calendar":"poland","maintenanceWindows":[{"days":["SUN"],)"
           R"("from":"22:00","to":"02:00"}],"overlapStrategy":"CANCEL_RUNNING","catchupStrategy":"RUN_LATEST_N",)"
           R"("catchupRuns":3,"parameterOverrides":{"a":[1]},"priority":"HIGH")");
  REQUIRE(made.status() == 201);
  const auto id = made.at("id");
  CHECK(ops.last_schedule_draft.priority == task_priority::high);
  auto& view = ops.schedules.at(schedule_id{*parse_uuid(id)});
  view.record.last_fired_at = from_ms(1'700'000'000'000);
  view.record.last_run = run_id{*parse_uuid(pipeline)};
  view.record.fired = 7;
  view.record.skipped = 2;
  view.record.queued = {from_ms(0), from_ms(1)};
  view.error = "parameter `day` is missing";
  const auto shown = ask(verb::get, base + "schedules/" + id);
  CHECK(shown.at("name") == "nightly");
  CHECK(shown.at("businessDaysOnly") == "true");
  CHECK(shown.at("calendar") == "poland");
  CHECK(shown.at("maintenanceWindows") == R"([{"days":["SUN"],"from":"22:00","to":"02:00"}])");
  CHECK(shown.at("overlapStrategy") == "CANCEL_RUNNING");
  CHECK(shown.at("catchupStrategy") == "RUN_LATEST_N");
  CHECK(shown.at("catchupRuns") == "3");
  CHECK(shown.at("parameters") == R"({"a":[1]})");
  CHECK(shown.at("priority") == "HIGH");
  CHECK(shown.at("lastRunAt") == "2023-11-14T22:13:20Z");
  CHECK(shown.at("lastRunId") == pipeline);
  CHECK(shown.at("fired") == "7");
  CHECK(shown.at("skipped") == "2");
  CHECK(shown.at("queued") == "2");
  CHECK(shown.at("lastError") == "parameter `day` is missing");
}

TEST_CASE_METHOD(scheduler_front, "everything wrong with a schedule is told at once", "[scheduler]") {
  const auto r =
    ask(verb::post, base + "schedules",
        R"({"pipelineId":"x","cronExpression":"61 2 * *  *","timezone":"Europe/Warsow","skipHolidays":1,)"
        R"("maintenanceWindows":[{"cron":"x","durationMinutes":5},{"days":["SUNDAY"],"from":"1","to":"02:00"}],)"
        R"("overlapStrategy":"WAIT","catchupStrategy":"ALL","catchupRuns":1001,"parameters":[],"priority":"URGENT"})");
  REQUIRE(r.status() == 400);
  CHECK(named(r) ==
        "pipelineId cronExpression skipHolidays maintenanceWindows[0].cron maintenanceWindows[1].days "
        "maintenanceWindows[1].from overlapStrategy catchupStrategy catchupRuns parameters priority timezone ");
  const auto text = r.raw.body;
  CHECK(holds(text, R"(must be SKIP, QUEUE or CANCEL_RUNNING, is \"WAIT\")"));
  CHECK(holds(text, "must be SKIP_TO_CURRENT, RUN_ALL or RUN_LATEST_N"));
  CHECK(holds(text, "must be LOW, MEDIUM or HIGH"));
  CHECK(holds(text, "must be 1 to 1000, is 1001"));
  CHECK(holds(text, R"(did you mean \"Europe/Warsaw\"?)"));
  CHECK_FALSE(holds(text, "maintenanceWindows[0].cron: maintenanceWindows[0].cron"));
  CHECK(ops.schedules.empty());
  CHECK(named(ask(verb::post, base + "schedules", "{}")) == "pipelineId cronExpression ");
}

TEST_CASE_METHOD(scheduler_front, "what a schedule keeps has a limit", "[scheduler]") {
  CHECK(named(create(R"(,"parameters":{"a":")" + std::string(70'000, 'x') + R"("})")) == "parameters ");
  CHECK(named(create(R"(,"maintenanceWindows":[{"start":")" + std::string(70'000, 'x') + R"("}])")) ==
        "maintenanceWindows ");
  CHECK(named(create(R"(,"name":")" + std::string(201, 'x') + R"(","timezone":")" + std::string(65, 'x') +
                     R"(","calendar":")" + std::string(101, 'x') + R"(")")) == "name timezone calendar ");
  CHECK(named(create(R"(,"parameters":{},"parameterOverrides":{})")) == "parameterOverrides ");
}

TEST_CASE_METHOD(scheduler_front, "a change may be partial or whole, and null takes away what may be absent",
                 "[scheduler]") {
  const auto path = base + "schedules/" +
                    create(R"(,"timezone":"Europe/Warsaw","calendar":"a","maintenanceWindows":[{"from":"01:00",)"
                           R"("to":"02:00"}],"parameters":{"a":1})")
                      .at("id");
  auto changed = ask(verb::put, path, R"({"cronExpression":"5 4 * * *"})");
  REQUIRE(changed.status() == 200);
  CHECK(changed.at("cronExpression") == "5 4 * * *");
  CHECK(changed.at("timezone") == "Europe/Warsaw");
  CHECK(changed.at("updatedAt") != changed.at("createdAt"));
  CHECK_FALSE(ops.last_schedule_draft.timezone.has_value());
  changed = ask(verb::put, path, ask(verb::get, path).raw.body);
  CHECK(changed.status() == 200);
  changed = ask(verb::put, path, R"({"calendar":null,"maintenanceWindows":null,"parameters":null,"timezone":null})");
  CHECK(changed.at("calendar") == "holidays");
  CHECK(changed.at("maintenanceWindows") == "[]");
  CHECK(changed.at("parameters") == "{}");
  CHECK(changed.at("timezone") == "Europe/Warsaw");
  CHECK(named(ask(verb::put, path, R"({"pipelineId":")" + other_pipeline + R"("})")) == "pipelineId ");
  CHECK(ask(verb::put, path, R"({"pipelineId":")" + pipeline + R"("})").status() == 200);
  CHECK(ask(verb::put, path, R"({"cronExpression":"@daily"})").status() == 400);
}

TEST_CASE_METHOD(scheduler_front, "schedules are listed, paused, resumed and deleted", "[scheduler]") {
  const auto id = create().at("id");
  const auto path = base + "schedules/" + id;
  create();
  const auto all = ask(verb::get, base + "schedules?limit=1");
  CHECK(all.header("X-Total-Count") == "2");
  CHECK(all.json.as_list()->size() == 1);
  CHECK(ask(verb::get, base + "schedules?pipelineId=" + other_pipeline).raw.body == "[]");
  CHECK(ask(verb::get, base + "schedules?pipelineId=x").status() == 400);
  const auto paused = ask(verb::post, path + "/pause");
  CHECK(paused.at("status") == "PAUSED");
  CHECK(paused.at("nextRunAt") == "null");
  CHECK(ask(verb::post, path + "/resume").at("status") == "ACTIVE");
  CHECK(ask(verb::del, path).status() == 204);
  CHECK(ask(verb::get, path).status() == 404);
  CHECK(ask(verb::get, base + "schedules/x").at("errors.0.field") == "id");
}

TEST_CASE_METHOD(scheduler_front, "creations take an Idempotency-Key, and scopes are kept", "[scheduler]") {
  const test_front::headers once{{"Idempotency-Key", "k1"}};
  const auto both =
    R"({"upstreamPipelineId":")" + pipeline + R"(","downstreamPipelineId":")" + other_pipeline + R"("})";
  const std::string schedule = R"({"pipelineId":")" + pipeline + R"(","cronExpression":"* * * * *"})";
  const std::string backfill =
    R"({"pipelineId":")" + pipeline + R"(","from":"2025-11-01","to":"2025-11-02","granularity":"DAILY"})";
  for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
         {"schedules", schedule}, {"backfill", backfill}, {"dependencies", both}}) {
    INFO(path);
    ops.last_schedule_key = {};
    CHECK(ask(verb::post, base + path, body, once).status() == 201);
    CHECK(ops.last_schedule_key.key == "k1");
    CHECK(ask(verb::post, base + path, body, {{"Idempotency-Key", ""}}).at("errors.0.field") == "Idempotency-Key");
  }
  key = fake_operations::reader_key;
  CHECK(ask(verb::get, base + "schedules").status() == 200);
  CHECK(ask(verb::get, base + "calendars").status() == 200);
  for (const auto& [method, path] : std::vector<std::pair<verb, std::string>>{{verb::post, "schedules"},
                                                                              {verb::put, "schedules/" + pipeline},
                                                                              {verb::post, "backfill"},
                                                                              {verb::post, "dependencies"},
                                                                              {verb::put, "calendars/a"},
                                                                              {verb::del, "calendars/a"}}) {
    INFO(path);
    CHECK(ask(method, base + path, "{}").status() == 403);
  }
}

TEST_CASE_METHOD(scheduler_front, "next runs are those of an expression, a schedule, or all of a pipeline",
                 "[scheduler][next-runs]") {
  const auto at = base + "next-runs?";
  auto r = ask(verb::get, at + "cronExpression=0+2+*+*+*&timezone=Europe/Warsaw&limit=2&from=2026-01-01T00:00:00Z"
                               "&skipHolidays=true&calendar=poland");
  REQUIRE(r.status() == 200);
  CHECK(r.raw.body == R"({"nextRuns":["2026-01-01T00:01:00Z","2026-01-01T00:02:00Z"]})");
  CHECK(ops.last_preview.draft.cron == "0 2 * * *");
  CHECK(ops.last_preview.draft.timezone == "Europe/Warsaw");
  CHECK(ops.last_preview.draft.skip_holidays == true);
  CHECK(ops.last_preview.draft.calendar == "poland");
  CHECK(ask(verb::get, at + "cronExpression=*+*+*+*+*").json.find("nextRuns")->as_list()->size() == 20);
  ask(verb::get, at + "cronExpression=*+*+*+*+*&limit=5000");
  CHECK(ops.last_preview.limit == 1'000);
  // An offset whose plus was not encoded, as many a client sends it.
  ask(verb::get, at + "cronExpression=*+*+*+*+*&from=2026-01-01T02:00:00+02:00");
  CHECK(ops.last_preview.from == parse_rfc3339("2026-01-01T00:00:00Z"));

  const auto two = create(R"(,"catchupRuns":2)").at("id");
  create(R"(,"catchupRuns":3)");
  r = ask(verb::get, at + "from=2026-01-01&limit=2&scheduleId=" + two);
  CHECK(r.raw.body == R"({"nextRuns":["2026-01-01T00:02:00Z","2026-01-01T00:04:00Z"]})");
  r = ask(verb::get, at + "from=2026-01-01&limit=4&pipelineId=" + pipeline);
  CHECK(r.raw.body == R"({"nextRuns":["2026-01-01T00:02:00Z","2026-01-01T00:03:00Z","2026-01-01T00:04:00Z",)"
                      R"("2026-01-01T00:06:00Z"]})");
  CHECK(ask(verb::get, at + "pipelineId=" + other_pipeline).raw.body == R"({"nextRuns":[]})");
  CHECK(ask(verb::get, at + "scheduleId=" + pipeline).status() == 404);
}

TEST_CASE_METHOD(scheduler_front, "a preview says what it needs", "[scheduler][next-runs]") {
  const auto at = base + "next-runs";
  CHECK(holds(detail(ask(verb::get, at)), "one of scheduleId, pipelineId and cronExpression"));
  CHECK(ask(verb::get, at + "?scheduleId=" + pipeline + "&cronExpression=*+*+*+*+*").status() == 400);
  CHECK(named(ask(verb::get, at + "?cronExpression=x&limit=0&from=soon&timezone=Mars/Base")) ==
        "limit from cronExpression timezone ");
  for (int i = 0; i <= 100; ++i) create();
  CHECK(holds(detail(ask(verb::get, at + "?pipelineId=" + pipeline)), "scheduleId"));
}

TEST_CASE_METHOD(scheduler_front, "the documented request makes a backfill", "[scheduler][backfill]") {
  const auto made = backfill(R"(,"concurrency":4,"priority":"MEDIUM","dryRun":false)");
  REQUIRE(made.status() == 201);
  CHECK(made.header("Location") == base + "backfill/" + made.at("id"));
  for (const auto& [field, text] : std::vector<std::pair<std::string, std::string>>{{"pipelineId", pipeline},
                                                                                    {"status", "RUNNING"},
                                                                                    {"totalIntervals", "30"},
                                                                                    {"completedIntervals", "0"},
                                                                                    {"failedIntervals", "0"},
                                                                                    {"runningIntervals", "0"},
                                                                                    {"from", "2025-11-01"},
                                                                                    {"to", "2025-11-30"},
                                                                                    {"granularity", "DAILY"},
                                                                                    {"timezone", "UTC"},
                                                                                    {"concurrency", "4"},
                                                                                    {"priority", "MEDIUM"},
                                                                                    {"dryRun", "false"},
                                                                                    {"parameterOverrides", "{}"},
                                                                                    {"endedAt", "null"},
                                                                                    {"error", "null"},
                                                                                    {"createdBy", "admin-key"}}) {
    INFO(field);
    CHECK(made.at(field) == text);
  }
  const auto trial =
    backfill(R"(,"dryRun":true,"timezone":"Asia/Tokyo","parameterOverrides":{"a":1},"priority":"LOW")");
  CHECK(trial.status() == 201);
  CHECK(trial.at("status") == "PENDING");
  CHECK(trial.at("parameterOverrides.a") == "1");
  CHECK(ops.last_backfill_draft.concurrency == 1);
  CHECK(ops.last_backfill_draft.timezone == "Asia/Tokyo");
  CHECK(ops.last_backfill_draft.priority == task_priority::low);
}

TEST_CASE_METHOD(scheduler_front, "everything wrong with a backfill is told at once", "[scheduler][backfill]") {
  CHECK(named(ask(verb::post, base + "backfill", "{}")) == "pipelineId from to granularity ");
  const auto r = backfill(R"(,"concurrency":0,"priority":"x","dryRun":"yes","timezone":"Nowhere")");
  CHECK(named(r) == "concurrency priority dryRun timezone ");
  const auto turned =
    ask(verb::post, base + "backfill",
        R"({"pipelineId":")" + pipeline + R"(","from":"2025-11-30","to":"2025-11-01","granularity":"YEARLY"})");
  CHECK(named(turned) == "granularity from ");
  CHECK(holds(detail(turned), "must be HOURLY, DAILY, WEEKLY or MONTHLY, is \"YEARLY\""));
  CHECK_FALSE(holds(detail(turned), "from: from"));
  CHECK(backfill(R"(,"concurrency":101)").status() == 400);
}

TEST_CASE_METHOD(scheduler_front, "wrong parameters are told under the name they were given by", "[scheduler]") {
  const error wrong{
    errc::invalid_argument, "parameter `n` must be an integer, not text", {{"parameters.n", "must be"}}};
  ops.next_schedule_error = wrong;
  CHECK(named(backfill(R"(,"parameterOverrides":{"n":"x"})")) == "parameterOverrides.n ");
  ops.next_schedule_error = wrong;
  CHECK(named(create(R"(,"parameters":{"n":"x"})")) == "parameters.n ");
}

TEST_CASE_METHOD(scheduler_front, "a backfill is shown, listed and told what to do", "[scheduler][backfill]") {
  const auto id = backfill().at("id");
  const auto path = base + "backfill/" + id;
  auto& record = ops.backfills.at(backfill_id{*parse_uuid(id)}).record;
  record.intervals_completed = 11;
  record.active = {11, 12};
  CHECK(ask(verb::get, path).at("completedIntervals") == "11");
  CHECK(ask(verb::get, path).at("runningIntervals") == "2");
  CHECK(ask(verb::get, path).at("firstInterval") == "null");
  CHECK(ask(verb::get, path).raw.body.find("failures") == std::string::npos);
  const auto at = [](int day) { return from_ms(day * 86'400'000); };
  ops.backfills.at(backfill_id{*parse_uuid(id)}).last = backfill_view::interval{at(2), at(3)};
  ops.backfills.at(backfill_id{*parse_uuid(id)}).failed.emplace().push_back({at(1), at(2)});
  CHECK(ask(verb::get, path).at("lastInterval.end") == "1970-01-04T00:00:00.000Z");
  CHECK(ask(verb::get, path)
          .raw.body.find(R"("failures":[{"start":"1970-01-02T00:00:00.000Z","end":"1970-01-03T00:00:00.000Z"}])") !=
        std::string::npos);
  CHECK(ask(verb::get, base + "backfill").header("X-Total-Count") == "1");
  CHECK(ask(verb::get, base + "backfill?pipelineId=" + other_pipeline).raw.body == "[]");
  for (const auto& [word, action] :
       std::vector<std::pair<std::string, backfill_action>>{{"pause", backfill_action::pause},
                                                            {"resume", backfill_action::resume},
                                                            {"cancel", backfill_action::cancel},
                                                            {"retry-failed", backfill_action::retry_failed}}) {
    CHECK(ask(verb::post, path + "/" + word).at("id") == id);
    CHECK(ops.last_backfill_action == action);
  }
  ops.next_schedule_error = error{errc::invalid_transition, "a backfill that is COMPLETED cannot be paused", {}};
  CHECK(ask(verb::post, path + "/pause").status() == 409);
  CHECK(ask(verb::get, base + "backfill/" + pipeline).status() == 404);
}

TEST_CASE_METHOD(scheduler_front, "a dependency is strong unless it says otherwise, and the graph shows both sides",
                 "[scheduler][dependency]") {
  const auto add = [&](const std::string& up, const std::string& down, const std::string& more = "") {
    return ask(verb::post, base + "dependencies",
               R"({"upstreamPipelineId":")" + up + R"(","downstreamPipelineId":")" + down + R"(")" + more + "}");
  };
  const auto made = add(pipeline, other_pipeline);
  REQUIRE(made.status() == 201);
  CHECK(made.at("type") == "STRONG");
  CHECK(made.at("upstreamPipelineId") == pipeline);
  CHECK(made.at("downstreamPipelineId") == other_pipeline);
  CHECK(add(other_pipeline, pipeline, R"(,"type":"WEAK")").at("type") == "WEAK");
  const auto graph = ask(verb::get, base + "dependencies/" + pipeline);
  CHECK(graph.at("pipelineId") == pipeline);
  CHECK(graph.at("downstream.0.id") == made.at("id"));
  CHECK(graph.at("downstream.0.pipelineId") == other_pipeline);
  CHECK(graph.at("upstream.0.type") == "WEAK");
  CHECK(graph.at("upstream.0.pipelineId") == other_pipeline);
  CHECK(ask(verb::del, base + "dependencies/" + made.at("id")).status() == 204);
  CHECK(ask(verb::del, base + "dependencies/" + made.at("id")).status() == 404);
  const auto wrong = ask(verb::post, base + "dependencies", R"({"upstreamPipelineId":1,"type":"HARD"})");
  CHECK(named(wrong) == "upstreamPipelineId downstreamPipelineId type ");
  CHECK(holds(detail(wrong), "must be STRONG or WEAK"));
  ops.next_schedule_error = error{errc::forbidden, "pipeline x belongs to another workspace", {}};
  CHECK(add(pipeline, other_pipeline).status() == 403);
}

TEST_CASE_METHOD(scheduler_front, "a calendar takes dates, with names or without, in any order",
                 "[scheduler][calendar]") {
  const auto path = base + "calendars/holidays";
  const auto made =
    ask(verb::put, path, R"({"days":["2026-12-25",{"date":"2026-01-01","name":"New Year"},"2026-12-25"]})");
  REQUIRE(made.status() == 200);
  CHECK(made.at("name") == "holidays");
  CHECK(made.at("dayCount") == "2");
  CHECK(made.at("firstDay") == "2026-01-01");
  CHECK(made.at("lastDay") == "2026-12-25");
  CHECK(made.at("days") == R"([{"date":"2026-01-01","name":"New Year"},{"date":"2026-12-25","name":null}])");
  CHECK(ask(verb::get, path).raw.body == made.raw.body);
  CHECK(ask(verb::put, path, made.raw.body).raw.body == made.raw.body);
  const auto all = ask(verb::get, base + "calendars");
  CHECK(all.header("X-Total-Count") == "1");
  CHECK(all.at("0.dayCount") == "2");
  CHECK(all.at("0.days") == "-");
  CHECK(ask(verb::put, base + "calendars/a%20b", R"({"days":[]})").at("name") == "a b");
  CHECK(ask(verb::del, path).status() == 204);
  CHECK(ask(verb::del, path).status() == 404);
  CHECK(ask(verb::get, path).status() == 404);
}

TEST_CASE_METHOD(scheduler_front, "a calendar's mistakes are told with their places", "[scheduler][calendar]") {
  const auto path = base + "calendars/holidays";
  const auto r =
    ask(verb::put, path, R"({"days":["2026-02-30",{"name":"x"},{"date":"2026-01-01","name":7},5,"2026-01-02"]})");
  REQUIRE(r.status() == 400);
  CHECK(named(r) == "days[0] days[1] days[2].name days[3] ");
  CHECK(named(ask(verb::put, path, "{}")) == "days ");
  CHECK(named(ask(verb::put, path, R"({"days":[],"ical":"x"})")) == "days ");
  CHECK(named(ask(verb::put, path, R"({"days":5})")) == "days ");
  CHECK(named(ask(verb::put, base + "calendars/" + std::string(101, 'x'), R"({"days":[]})")) == "name ");
  std::string many = R"({"days":["2026-01-01")";
  for (int i = 0; i < 10'000; ++i) many += R"(,"2026-01-01")";
  CHECK(named(ask(verb::put, path, many + "]}")) == "days ");
  CHECK(ops.calendars.empty());
}

TEST_CASE_METHOD(scheduler_front, "an iCalendar text is written out from last year to ten years on",
                 "[scheduler][calendar]") {
  const auto path = base + "calendars/holidays";
  const auto made = ask(verb::put, path,
                        R"({"ical":"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20000101\r\n)"
                        R"(RRULE:FREQ=YEARLY\r\nSUMMARY:New Year\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"})");
  INFO(made.raw.body);
  REQUIRE(made.status() == 200);
  // The clock of these tests stands in 2023.
  CHECK(made.at("firstDay") == "2022-01-01");
  CHECK(made.at("lastDay") == "2033-01-01");
  CHECK(made.at("dayCount") == "12");
  CHECK(made.at("days.0.name") == "New Year");
  CHECK(named(ask(verb::put, path, R"({"ical":"hello"})")).starts_with("ical "));
  CHECK(named(ask(verb::put, path, R"({"ical":")" + std::string((1 << 20) + 1, 'x') + R"("})")) == "ical ");
}
