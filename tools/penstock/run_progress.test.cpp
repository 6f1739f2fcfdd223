#include "tools/penstock/run_progress.hpp"

#include "runtime/model/json.hpp"
#include "tools/penstock/text_format.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace penstock;
using namespace penstock::cli;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const auto start = *parse_rfc3339("2026-01-31T10:00:00Z");

run_snapshot running() {
  return read_run(*read_json(R"({
    "id": "r1", "pipeline_id": "p1", "status": "running", "started_at": "2026-01-31T10:00:00Z", "finished_at": null,
    "tasks": [
      {"id": "list", "type": "shell", "status": "succeeded", "attempt": 1, "rows": 2345, "bytes": 83147,
       "started_at": "2026-01-31T10:00:00Z", "finished_at": "2026-01-31T10:00:00.300Z", "error": null},
      {"id": "by_section", "type": "sql", "status": "running", "attempt": 2, "started_at": "2026-01-31T10:00:01Z"},
      {"id": "each", "type": "noop", "status": "pending", "items_done": 3, "items": 10},
      {"id": "report", "type": "sink", "status": "failed", "error": "disk full\nmore"}
    ]})"),
                  "packages");
}

run_snapshot ended(const std::string& state) {
  auto run = running();
  run.state = state;
  run.ended_at = start + 1'400ms;
  return run;
}

screen wide() {
  screen on;
  on.columns = 120;
  return on;
}

} // namespace

TEST_CASE("earlier attempts are a table of their own", "[cli][progress]") {
  CHECK(show_earlier_attempts(running()).empty());
  const auto run = read_run(*read_json(R"({"tasks":[{"id":"load","earlier_attempts":[
    {"attempt":1,"started_at":"2026-01-31T10:30:00.000Z","finished_at":"2026-01-31T10:30:01.500Z","error":"refused\nmore"},
    {"item":3,"attempt":2,"started_at":"2026-01-31T10:30:02Z","finished_at":"2026-01-31T10:30:02.100Z","error":null}]}]})"),
                            "p");
  const auto text = show_earlier_attempts(run);
  CHECK_THAT(text, Contains("load                1   " + show_time("2026-01-31T10:30:00Z") + "  1.5 s  refused\n"));
  CHECK_THAT(text, Contains("load[3]             2   " + show_time("2026-01-31T10:30:02Z") + "  0.1 s\n"));
}

TEST_CASE("an answer becomes a snapshot of the run", "[cli][progress]") {
  const auto run = running();
  CHECK(run.state == "running");
  CHECK_FALSE(run.has_ended());
  REQUIRE(run.tasks.size() == 4);
  CHECK(run.tasks[0].rows == 2345);
  CHECK(run.tasks[1].attempt == 2);
  CHECK(run.tasks[2].items_total == 10);
  CHECK(group_of(run.tasks[3]) == task_group::failed);
  CHECK(ended("success").has_succeeded());
  CHECK(ended("cancelled").has_ended());
  CHECK_FALSE(ended("cancelled").has_succeeded());
}

TEST_CASE("an answer without anything does no harm", "[cli][progress]") {
  CHECK(read_run(value{}, "").tasks.empty());
  CHECK_FALSE(draw_run(read_run(value{}, ""), start, wide(), 0).empty());
}

TEST_CASE("a run is drawn as a heading and a line per task", "[cli][progress]") {
  const auto lines = draw_run(running(), start + 2s, wide(), 0);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "packages  r1  running  1/4 tasks  2.0 s");
  CHECK_THAT(lines[1], StartsWith("  + list        succeeded") && Contains("2,345 rows") && Contains("81.2 KiB") &&
                         Contains("0.3 s"));
  CHECK_THAT(lines[2], Contains("by_section") && Contains("1.0 s") && Contains("attempt 2"));
  CHECK_THAT(lines[3], Contains("3 of 10"));
  CHECK_THAT(lines[4], StartsWith("  x report") && Contains("disk full") && !Contains("more"));
}

TEST_CASE("nothing is wider than the screen", "[cli][progress]") {
  auto run = running();
  run.tasks[0].id = std::string(200, 'x');
  run.tasks[3].error = std::string(500, 'e');
  for (const std::size_t columns : {1u, 20u, 40u, 80u}) {
    screen on;
    on.columns = columns;
    for (const auto& line : draw_run(run, start, on, 1)) CHECK(width_of(line) <= std::max<std::size_t>(columns, 6));
  }
}

TEST_CASE("of many tasks those that failed or run are shown, and how many are not", "[cli][progress]") {
  run_snapshot run;
  run.state = "running";
  for (int i = 0; i < 1'000; ++i) {
    task_snapshot task;
    task.id = "t" + std::to_string(i);
    task.state = i == 700 ? "failed" : i == 900 ? "running" : i < 600 ? "succeeded" : "pending";
    run.tasks.push_back(task);
  }
  screen on;
  on.lines = 14;
  const auto lines = draw_run(run, start, on, 0);
  REQUIRE(lines.size() == 12);
  CHECK_THAT(lines[8], Contains("t599"));
  CHECK_THAT(lines[9], Contains("t700"));
  CHECK_THAT(lines[10], Contains("t900"));
  CHECK(lines[11] == "    and 990 more");
}

TEST_CASE("colour and signs are used only where the screen has them", "[cli][progress]") {
  auto on = wide();
  CHECK_THAT(draw_run(running(), start, on, 0)[1], !Contains("\x1b") && !Contains("✓"));
  on.has_color = on.has_utf8 = true;
  CHECK_THAT(draw_run(running(), start, on, 0)[1], Contains("\x1b[32m✓\x1b[0m"));
}

TEST_CASE("where nothing can be drawn over each change is a line", "[cli][progress]") {
  const auto first = tell_changes({}, running(), start + 2s);
  REQUIRE(first.size() == 4);
  CHECK(first[0] == "run r1 of packages");
  CHECK(first[1] == "[0.3 s] list: succeeded, 2,345 rows, 81.2 KiB, took 0.3 s");
  CHECK(first[2] == "[1.0 s] by_section: running, attempt 2");
  CHECK(first[3] == "[2.0 s] report: failed, disk full");
  auto later = running();
  later.tasks[2].state = "running";
  CHECK(tell_changes(running(), later, start + 3s) == std::vector<std::string>{"[3.0 s] each: running, 3 of 10"});
  CHECK(tell_changes(later, later, start + 4s).empty());
  auto skipped = later;
  skipped.tasks[2].state = "skipped";
  skipped.tasks[2].items_total = 0;
  skipped.tasks[2].ended_at = start + 3s;
  CHECK(tell_changes(later, skipped, start + 3s) == std::vector<std::string>{"[3.0 s] each: skipped"});
}

TEST_CASE("no task ends after its run", "[cli][progress]") {
  auto run = ended("failed");
  run.tasks[3].ended_at.reset();
  const auto lines = tell_changes({}, run, start + 9s);
  REQUIRE(lines.size() == 4);
  CHECK(lines[3] == "[1.4 s] report: failed, disk full");
  run.tasks.resize(1);
  CHECK(draw_run(run, start, wide(), 0)[0] == "packages  r1  failed  1/1 task  1.4 s");
}

TEST_CASE("the end tells how long it took and why it failed", "[cli][progress]") {
  const auto good = tell_end(ended("success"));
  CHECK(good == std::vector<std::string>{"run r1 succeeded after 1.4 s"});
  const auto bad = tell_end(ended("failed"));
  REQUIRE(bad.size() == 3);
  CHECK_THAT(bad[1], Contains("report: disk full\nmore"));
  CHECK_THAT(bad[2], Contains("penstock run logs r1"));
}

TEST_CASE("a display draws over what it drew before", "[cli][progress]") {
  std::ostringstream out;
  auto on = wide();
  on.is_terminal = true;
  run_display display(out, out, on);
  display.show(running(), start);
  CHECK_THAT(out.str(), !Contains("A"));
  display.note("away");
  display.note("away");
  CHECK_THAT(out.str(), Contains("\x1b[5A") && Contains("away"));
  out.str("");
  display.note("still away");
  CHECK_THAT(out.str(), Contains("\x1b[6A") && !Contains("\raway"));
  out.str("");
  display.finish(ended("failed"), start);
  CHECK_THAT(out.str(), StartsWith("\x1b[6A") && Contains("run r1 failed"));
}
