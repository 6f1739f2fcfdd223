#include "actors/run_log.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// Longer than it takes to commit a task's end, whose line belongs where the task ended.
constexpr milliseconds settling{250};
constexpr std::size_t text_bytes_max = 8u << 20; ///< Of one answer.
constexpr std::size_t runs_max = 1'000;          ///< Whose marks are kept.
constexpr std::size_t marks_max = 8;             ///< Of a run: one for each of its readers.

/// What became of the run and its tasks, by time.
std::vector<log_line> told_lines(const run_view& view) {
  std::vector<log_line> lines;
  const auto& run = view.record;
  const auto level = [](bool bad) { return bad ? log_level::error : log_level::info; };
  for (const auto& task : view.tasks) {
    if (!is_terminal(task.status) || !task.record.ended_at) continue;
    const bool bad = task.status == task_status::failed;
    auto text = "Task " + std::string{to_text(task.status)};
    if (task.record.rows > 0) text += ", " + std::to_string(task.record.rows) + " rows";
    if (bad) text += ": " + task.error;
    lines.push_back({*task.record.ended_at, level(bad), task.id, std::move(text)});
  }
  if (run.ended_at)
    lines.push_back({*run.ended_at,
                     level(run.status == run_status::failed),
                     {},
                     "Run " + std::string{to_text(run.status)} + (view.error.empty() ? "" : ": " + view.error)});
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  lines.insert(lines.begin(),
               {run.created_at, log_level::info, {}, "Run started (" + std::string{to_text(run.trigger)} + ")"});
  return lines;
}

} // namespace

result<std::vector<log_line>> run_log::read(const run_view& run, std::uint64_t from, std::uint32_t limit) {
  const bool goes_on = !is_terminal(run.record.status);
  const timestamp horizon = goes_on ? clock_->now() - settling : timestamp::max();
  auto told = told_lines(run);
  mark at = mark_before(run.record.id, from);
  std::vector<log_line> out;
  std::size_t bytes = 0;
  const auto is_full = [&] { return out.size() >= limit || bytes >= text_bytes_max; };
  const auto pass = [&](log_line&& line) {
    if (at.line++ < from) return;
    bytes += line.text.size();
    out.push_back(std::move(line));
  };
  // The first told is the beginning: before all others, whatever the clock says.
  const auto tell_before = [&](timestamp t) {
    for (; at.told < told.size() && (at.told == 0 || told[at.told].at < t) && !is_full(); ++at.told)
      pass(std::move(told[at.told]));
  };
  const auto read = files_->scan(run.record.id, at.offset, [&](log_line&& line, std::uint64_t end) {
    if (line.at >= horizon) return false;
    tell_before(line.at);
    if (is_full()) return false;
    pass(std::move(line));
    at.offset = end;
    return !is_full();
  });
  if (!read) return unexpected(read.error());
  tell_before(horizon);
  keep(run.record.id, at);
  return out;
}

run_log::mark run_log::mark_before(run_id run, std::uint64_t line) {
  const std::lock_guard lock{mutex_};
  const auto found = marks_.find(run);
  if (found == marks_.end()) return {};
  found->second.used = ++uses_;
  mark best;
  for (const auto& m : found->second.marks)
    if (m.line <= line) best = m;
  return best;
}

void run_log::keep(run_id run, const mark& reached) {
  const std::lock_guard lock{mutex_};
  if (marks_.size() >= runs_max && !marks_.contains(run))
    marks_.erase(std::min_element(marks_.begin(), marks_.end(),
                                  [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  auto& of_run = marks_[run];
  of_run.used = ++uses_;
  auto& marks = of_run.marks;
  const auto place = std::lower_bound(marks.begin(), marks.end(), reached.line,
                                      [](const mark& m, std::uint64_t line) { return m.line < line; });
  if (place != marks.end() && place->line == reached.line) return;
  marks.insert(place, reached);
  // Who is furthest behind reads the longest anyway.
  if (marks.size() > marks_max) marks.erase(marks.begin());
}

} // namespace penstock
