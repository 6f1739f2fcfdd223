#include "tools/penstock/backfill_progress.hpp"

#include "runtime/model/json.hpp"
#include "tools/penstock/text_format.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace penstock;
using namespace penstock::cli;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

const auto start = *parse_rfc3339("2026-01-31T10:00:00Z");

backfill_snapshot at(std::uint64_t completed, std::uint64_t failed = 0, std::uint64_t running = 0) {
  auto b = read_backfill(*read_json(R"({"id":"b1","status":"RUNNING","totalIntervals":30,"completedIntervals":0,
    "failedIntervals":0,"runningIntervals":0,"from":"2025-11-01","to":"2025-11-30","granularity":"DAILY","dryRun":false,
    "createdAt":"2026-01-31T10:00:00Z","endedAt":null,"error":null})"),
                         "packages");
  b.completed = completed;
  b.failed = failed;
  b.running = running;
  return b;
}

backfill_snapshot ended(const std::string& status, std::uint64_t completed, std::uint64_t failed = 0) {
  auto b = at(completed, failed);
  b.status = status;
  b.ended_at = start + 12'300ms;
  return b;
}

screen plain(std::size_t columns = 100) {
  screen on;
  on.columns = columns;
  return on;
}

std::size_t count(const std::string& text, char sign) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), sign));
}

} // namespace

TEST_CASE("the bar is as long as what is done", "[cli][backfill]") {
  const auto lines = draw_backfill(at(15, 3, 3), {}, plain());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "packages  2025-11-01 to 2025-11-30  DAILY  RUNNING");
  CHECK(lines[1] == "  ####################xxxx====............  60 %  18 of 30 done, 3 failed, 3 running");
  CHECK(count(draw_backfill(at(0), {}, plain())[1], '#') == 0);
  CHECK(count(draw_backfill(at(30), {}, plain())[1], '#') == 40);
  CHECK(count(draw_backfill(at(29), {}, plain())[1], '#') < 40);
}

TEST_CASE("every line fits on a narrow screen", "[cli][backfill]") {
  for (std::size_t columns : {1, 20, 40, 60, 80, 200})
    for (const auto& line : draw_backfill(at(15, 3, 3), {10, 1'000ms}, plain(columns)))
      CHECK(width_of(line) <= std::max<std::size_t>(columns, 16));
}

TEST_CASE("how long it takes is estimated from what was seen", "[cli][backfill]") {
  CHECK_THAT(draw_backfill(at(10), {5, 10'000ms}, plain())[1], Contains("about 40.0 s left"));
  CHECK_THAT(draw_backfill(at(10), {2, 10'000ms}, plain())[1], !Contains("left"));
  CHECK_THAT(draw_backfill(ended("COMPLETED", 30), {30, 10'000ms}, plain())[1], !Contains("left"));
}

TEST_CASE("what is left counts down while nothing ends", "[cli][backfill]") {
  CHECK_THAT(draw_backfill(at(10), {5, 10'000ms, 3'000ms}, plain())[1], Contains("about 37.0 s left"));
  CHECK_THAT(draw_backfill(at(10), {5, 10'000ms, 90'000ms}, plain())[1], Contains("about 0.0 s left"));
  auto on = plain();
  on.is_terminal = true;
  std::ostringstream out;
  backfill_display display(out, out, on);
  const auto left_after = [&](std::uint64_t done, milliseconds after) {
    out.str("");
    display.show(at(done), start + after);
    return out.str();
  };
  CHECK_THAT(left_after(0, 0ms), !Contains("left"));
  CHECK_THAT(left_after(10, 10s), Contains("about 20.0 s left"));
  CHECK_THAT(left_after(10, 14s), Contains("about 16.0 s left"));
  CHECK_THAT(left_after(20, 20s), Contains("about 10.0 s left"));
}

TEST_CASE("a dry run is shown as one, without a bar", "[cli][backfill]") {
  auto trial = at(0);
  trial.dry_run = true;
  CHECK(draw_backfill(trial, {}, plain()) ==
        std::vector<std::string>{"packages  2025-11-01 to 2025-11-30  DAILY  DRY RUN"});
}

TEST_CASE("without a terminal each twentieth of the way gets a line", "[cli][backfill]") {
  std::ostringstream out;
  backfill_display display(out, out, plain());
  display.show(at(0, 0, 4), start);
  for (std::uint64_t n = 0; n <= 30; ++n) display.show(at(n), start);
  auto text = out.str();
  CHECK_THAT(text, Contains("backfill b1 of packages: 30 intervals from 2025-11-01 to 2025-11-30\n"));
  CHECK(count(text, '\n') == 21);
  CHECK_THAT(tell_progress(at(1), at(1, 1)).at(0), Contains("1 failed"));
  auto paused = at(1);
  paused.status = "PAUSED";
  CHECK(tell_progress(at(1), paused) == std::vector<std::string>{"paused"});
  CHECK(tell_progress(paused, at(1)) == std::vector<std::string>{"goes on"});
}

TEST_CASE("the end says what came of it and what to do", "[cli][backfill]") {
  CHECK(tell_end(ended("COMPLETED", 30)) ==
        std::vector<std::string>{"backfill b1 completed after 12.3 s, 30 intervals"});
  CHECK(tell_end(ended("CANCELLED", 11)) ==
        std::vector<std::string>{"backfill b1 cancelled after 12.3 s, 11 of 30 done"});
  const auto failed = tell_end(ended("FAILED", 28, 2));
  CHECK(failed.at(0) == "backfill b1 failed after 12.3 s: 2 of 30 intervals failed");
  CHECK(failed.at(1) == "  run those again: penstock backfill retry b1");
  auto told = ended("FAILED", 23, 7);
  for (int day = 1; day <= 7; ++day) told.failures.push_back("2025-11-0" + std::to_string(day) + "T00:00:00Z");
  const auto lines = tell_end(told);
  REQUIRE(lines.size() == 8);
  CHECK(lines[1] == "  the one from 2025-11-01T00:00:00Z");
  CHECK(lines[6] == "  and 2 more");
  auto stuck = at(3);
  stuck.status = "PAUSED";
  CHECK_FALSE(stuck.stands_still());
  stuck.error = "parameter `day` is missing";
  CHECK(stuck.stands_still());
  CHECK_THAT(tell_end(stuck).at(1), Contains("parameter `day`"));
  CHECK_THAT(tell_end(stuck).at(2), Contains("backfill resume b1"));
  auto trial = at(0);
  trial.dry_run = true;
  CHECK_THAT(tell_end(trial).at(0), Contains("30 intervals") && Contains("nothing was started"));
  trial.begin = "2025-11-01T00:00:00Z";
  trial.end = "2025-12-01T00:00:00Z";
  CHECK_THAT(tell_end(trial).at(0),
             Contains("first one from 2025-11-01T00:00:00Z") && Contains("last one until 2025-12-01T00:00:00Z"));
}

TEST_CASE("on a terminal the block is drawn over itself", "[cli][backfill]") {
  auto on = plain();
  on.is_terminal = true;
  on.has_utf8 = true;
  std::ostringstream out;
  backfill_display display(out, out, on);
  display.show(at(0), start);
  display.show(at(15), start + 1s);
  CHECK_THAT(out.str(), Contains("\x1b[2A") && Contains("█") && Contains("░"));
  display.note("the server does not answer");
  CHECK_THAT(out.str(), Contains("the server does not answer"));
  display.finish(ended("COMPLETED", 30), start + 2s);
  CHECK_THAT(out.str(), Contains("completed after"));
}
