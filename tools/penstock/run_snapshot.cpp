#include "tools/penstock/run_snapshot.hpp"

#include "tools/penstock/fields.hpp"

#include <algorithm>

namespace penstock::cli {

namespace {

std::uint64_t count_of(const value& object, std::string_view name, std::int64_t otherwise = 0) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_of(object, name, otherwise)));
}

attempt_snapshot read_attempt(const value& entry) {
  attempt_snapshot attempt;
  if (entry.find("item") != nullptr) attempt.item = count_of(entry, "item");
  attempt.attempt = count_of(entry, "attempt", 1);
  attempt.started_at = text_of(entry, "started_at");
  const auto began = parse_rfc3339(attempt.started_at);
  const auto ended = parse_rfc3339(text_of(entry, "finished_at"));
  if (began && ended) attempt.took = *ended - *began;
  attempt.error = text_of(entry, "error");
  return attempt;
}

task_snapshot read_task(const value& entry) {
  task_snapshot task;
  task.id = text_of(entry, "id");
  task.type = text_of(entry, "type");
  task.state = text_of(entry, "status");
  task.attempt = count_of(entry, "attempt", 1);
  task.rows = count_of(entry, "rows");
  task.bytes = count_of(entry, "bytes");
  task.items_done = count_of(entry, "items_done");
  task.items_total = count_of(entry, "items");
  task.started_at = parse_rfc3339(text_of(entry, "started_at"));
  task.ended_at = parse_rfc3339(text_of(entry, "finished_at"));
  task.error = text_of(entry, "error");
  if (const auto* earlier = entry.find("earlier_attempts"); earlier != nullptr && earlier->as_list() != nullptr) {
    for (const auto& attempt : *earlier->as_list()) task.earlier_attempts.push_back(read_attempt(attempt));
  }
  return task;
}

bool is_one_of(const std::string& state, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), state) != words.end();
}

} // namespace

bool run_snapshot::has_succeeded() const { return state == "success"; }

bool run_snapshot::has_ended() const { return is_one_of(state, {"success", "failed", "cancelled"}); }

run_snapshot read_run(const value& answer, std::string pipeline_name) {
  run_snapshot run;
  run.id = text_of(answer, "id");
  run.pipeline = std::move(pipeline_name);
  run.state = text_of(answer, "status");
  run.rows = count_of(answer, "rows");
  run.bytes = count_of(answer, "bytes");
  run.started_at = parse_rfc3339(text_of(answer, "started_at"));
  run.ended_at = parse_rfc3339(text_of(answer, "finished_at"));
  run.error = text_of(answer, "error");
  if (const auto* tasks = answer.find("tasks"); tasks != nullptr && tasks->as_list() != nullptr) {
    for (const auto& entry : *tasks->as_list()) run.tasks.push_back(read_task(entry));
  }
  return run;
}

task_group group_of(const task_snapshot& task) {
  if (task.state == "succeeded") return task_group::done;
  if (task.state == "failed") return task_group::failed;
  if (is_one_of(task.state, {"running", "waiting"})) return task_group::under_way;
  if (is_one_of(task.state, {"skipped", "blocked", "cancelled"})) return task_group::left_out;
  return task_group::ahead;
}

} // namespace penstock::cli
