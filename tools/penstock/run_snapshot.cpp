#include "tools/penstock/run_snapshot.hpp"

#include "tools/penstock/fields.hpp"

#include <algorithm>
#include <cctype>

namespace penstock::cli {

namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::uint64_t count_of(const value& object, std::string_view name, std::int64_t otherwise = 0) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_of(object, name, otherwise)));
}

task_snapshot read_task(const value& entry) {
  task_snapshot task;
  task.id = text_of(entry, "id");
  task.type = text_of(entry, "type");
  task.state = lower_case(text_of(entry, "status"));
  task.attempt = count_of(entry, "attempt", 1);
  task.rows = count_of(entry, "rows");
  task.bytes = count_of(entry, "bytes");
  task.items_done = count_of(entry, "itemsDone");
  task.items_total = count_of(entry, "itemsTotal");
  task.started_at = parse_rfc3339(text_of(entry, "startedAt"));
  task.ended_at = parse_rfc3339(text_of(entry, "endedAt"));
  task.error = text_of(entry, "error");
  return task;
}

std::vector<task_snapshot> tasks_by_status(const value& answer) {
  std::vector<task_snapshot> tasks;
  const auto* states = answer.find("taskStatuses");
  const auto* errors = answer.find("errors");
  if (states == nullptr || states->as_object() == nullptr) return tasks;
  for (const auto& [id, state] : *states->as_object()) {
    task_snapshot task;
    task.id = id;
    task.state = lower_case(state.as_string() == nullptr ? "" : *state.as_string());
    if (errors != nullptr) task.error = text_of(*errors, id);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

bool is_one_of(const std::string& state, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), state) != words.end();
}

} // namespace

bool run_snapshot::has_succeeded() const { return is_one_of(state, {"completed", "succeeded", "success"}); }

bool run_snapshot::has_ended() const { return has_succeeded() || is_one_of(state, {"failed", "cancelled"}); }

run_snapshot read_run(const value& answer) {
  run_snapshot run;
  run.id = text_of(answer, "runId");
  run.pipeline = text_of(answer, "pipelineName");
  if (run.pipeline.empty()) run.pipeline = text_of(answer, "pipelineId");
  run.state = lower_case(text_of(answer, "overallStatus"));
  run.rows = count_of(answer, "rows");
  run.bytes = count_of(answer, "bytes");
  run.started_at = parse_rfc3339(text_of(answer, "startedAt"));
  run.ended_at = parse_rfc3339(text_of(answer, "endedAt"));
  run.error = text_of(answer, "error");
  const auto* tasks = answer.find("tasks");
  if (tasks == nullptr || tasks->as_list() == nullptr) {
    run.tasks = tasks_by_status(answer);
  } else {
    for (const auto& entry : *tasks->as_list()) run.tasks.push_back(read_task(entry));
  }
  return run;
}

task_group group_of(const task_snapshot& task) {
  if (is_one_of(task.state, {"completed", "succeeded", "success"})) return task_group::done;
  if (task.state == "failed") return task_group::failed;
  if (is_one_of(task.state, {"running", "waiting"})) return task_group::under_way;
  if (is_one_of(task.state, {"skipped", "blocked", "cancelled"})) return task_group::left_out;
  return task_group::ahead;
}

} // namespace penstock::cli
