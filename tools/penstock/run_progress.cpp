#include "tools/penstock/run_progress.hpp"

#include "tools/penstock/text_format.hpp"

#include <algorithm>
#include <array>

namespace penstock::cli {

namespace {

constexpr std::size_t lines_least = 6;

struct mark {
  std::string_view utf8;
  std::string_view ascii;
  std::string_view color; ///< SGR parameters.
};

mark mark_of(task_group group, std::size_t frame) {
  constexpr std::array<std::string_view, 10> turning{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  constexpr std::array<std::string_view, 4> turning_ascii{"|", "/", "-", "\\"};
  switch (group) {
    case task_group::done: return {"✓", "+", "32"};
    case task_group::failed: return {"✗", "x", "31"};
    case task_group::under_way:
      return {turning[frame % turning.size()], turning_ascii[frame % turning_ascii.size()], "36"};
    case task_group::left_out: return {"-", "-", "2"};
    case task_group::ahead: break;
  }
  return {"·", ".", "2"};
}

std::string elapsed(const std::optional<timestamp>& from, const std::optional<timestamp>& to, timestamp now) {
  return from ? show_duration(to.value_or(now) - *from) : "";
}

std::string amount(std::uint64_t rows) { return show_count(rows) + (rows == 1 ? " row" : " rows"); }

/// What there is to say of a task beside its state and figures.
std::string remark(const task_snapshot& task) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (task.items_total > 0) add(show_count(task.items_done) + " of " + show_count(task.items_total));
  if (task.attempt > 1) add("attempt " + std::to_string(task.attempt));
  if (!task.error.empty()) add(first_line(task.error));
  return text;
}

struct task_columns {
  std::size_t id = 0;
  std::size_t state = 0;
};

std::string padded(std::string text, std::size_t columns, bool to_the_right = false) {
  const auto width = width_of(text);
  if (width < columns) text.insert(to_the_right ? 0 : text.size(), columns - width, ' ');
  return text;
}

std::string draw_task(const task_snapshot& task, const task_columns& columns, timestamp now, const screen& on,
                      std::size_t frame) {
  const auto group = group_of(task);
  const auto m = mark_of(group, frame);
  auto text = padded(fit(task.id, columns.id), columns.id) + "  " + padded(task.state, columns.state);
  const bool has_figures = task.rows > 0 || task.bytes > 0;
  text += padded(has_figures ? amount(task.rows) : "", 16, true) +
          padded(has_figures ? show_bytes(task.bytes) : "", 12, true);
  text += padded(elapsed(task.started_at, task.ended_at, now), 13, true);
  if (const auto more = remark(task); !more.empty()) text += "  " + more;
  text.erase(text.find_last_not_of(' ') + 1);
  text = fit(text, on.columns > 5 ? on.columns - 5 : 1);
  return "  " + colored(on.has_utf8 ? m.utf8 : m.ascii, m.color, on) + " " +
         (group == task_group::ahead || group == task_group::left_out ? colored(text, "2", on) : text);
}

/// Indexes of the tasks that get a line, in the run's order: those that move or failed first.
std::vector<std::size_t> choose_tasks(const std::vector<task_snapshot>& tasks, std::size_t room) {
  std::vector<std::size_t> chosen;
  for (const auto wanted :
       {task_group::failed, task_group::under_way, task_group::done, task_group::ahead, task_group::left_out}) {
    for (std::size_t i = 0; i < tasks.size() && chosen.size() < room; ++i) {
      // Of those that are done the latest are worth a line.
      const auto at = wanted == task_group::done ? tasks.size() - 1 - i : i;
      if (group_of(tasks[at]) == wanted) chosen.push_back(at);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::string heading(const run_snapshot& run, timestamp now, const screen& on) {
  const auto done = std::count_if(run.tasks.begin(), run.tasks.end(),
                                  [](const task_snapshot& t) { return group_of(t) == task_group::done; });
  auto text = run.pipeline + "  " + run.id + "  " + run.state;
  if (const auto n = run.tasks.size(); n > 0)
    text += "  " + std::to_string(done) + "/" + std::to_string(n) + (n == 1 ? " task" : " tasks");
  if (const auto took = elapsed(run.started_at, run.ended_at, now); !took.empty()) text += "  " + took;
  return colored(fit(text, on.columns > 1 ? on.columns - 1 : 1), "1", on);
}

std::string figures(const task_snapshot& task, timestamp now) {
  std::string text;
  if (task.rows > 0 || task.bytes > 0) text += ", " + amount(task.rows) + ", " + show_bytes(task.bytes);
  if (task.started_at && task.ended_at) text += ", took " + elapsed(task.started_at, task.ended_at, now);
  if (const auto more = remark(task); !more.empty()) text += ", " + more;
  return text;
}

} // namespace

std::vector<std::string> draw_run(const run_snapshot& run, timestamp now, const screen& on, std::size_t frame) {
  std::vector<std::string> lines{heading(run, now, on)};
  // The heading, the line of what was left out, a note, and the line of the cursor are not for tasks.
  const auto room = std::max(on.lines, lines_least) - 4;
  const auto chosen = choose_tasks(run.tasks, room);
  task_columns columns;
  for (const auto at : chosen) {
    columns.id = std::max(columns.id, std::min<std::size_t>(width_of(run.tasks[at].id), 32));
    columns.state = std::max(columns.state, width_of(run.tasks[at].state));
  }
  for (const auto at : chosen) lines.push_back(draw_task(run.tasks[at], columns, now, on, frame));
  if (const auto left = run.tasks.size() - chosen.size(); left > 0) {
    lines.push_back("    and " + show_count(left) + " more");
  }
  return lines;
}

std::vector<std::string> tell_changes(const run_snapshot& before, const run_snapshot& after, timestamp now) {
  std::vector<std::string> lines;
  const auto since = [&](const task_snapshot& task) {
    auto at = task.ended_at ? *task.ended_at : task.started_at.value_or(now);
    // What never began ended with the run, which was before this was seen.
    if (after.ended_at) at = std::min(at, *after.ended_at);
    return "[" + show_duration(after.started_at ? at - *after.started_at : milliseconds{0}) + "] ";
  };
  if (before.state.empty()) lines.push_back("run " + after.id + " of " + after.pipeline);
  for (std::size_t i = 0; i < after.tasks.size(); ++i) {
    const auto& task = after.tasks[i];
    const bool is_known = i < before.tasks.size();
    if (!is_known && group_of(task) == task_group::ahead) continue;
    if (is_known && before.tasks[i].state == task.state && before.tasks[i].attempt == task.attempt) continue;
    lines.push_back(since(task) + task.id + ": " + task.state + figures(task, now));
  }
  return lines;
}

std::string show_earlier_attempts(const run_snapshot& run) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& task : run.tasks) {
    for (const auto& a : task.earlier_attempts) {
      rows.push_back({task.id + (a.item ? "[" + std::to_string(*a.item) + "]" : ""), std::to_string(a.attempt),
                      show_time(a.started_at), a.took ? show_duration(*a.took) : "-", first_line(a.error)});
    }
  }
  return rows.empty() ? "" : show_table({"EARLIER ATTEMPT OF", "NO", "BEGAN", "TOOK", "ERROR"}, rows);
}

std::vector<std::string> tell_end(const run_snapshot& run) {
  std::vector<std::string> lines;
  auto line = "run " + run.id + " " + (run.has_succeeded() ? "succeeded" : run.state);
  if (run.started_at && run.ended_at) line += " after " + show_duration(*run.ended_at - *run.started_at);
  if (run.rows > 0) line += ", " + amount(run.rows) + ", " + show_bytes(run.bytes);
  lines.push_back(std::move(line));
  if (run.has_succeeded()) return lines;
  bool is_explained = false;
  for (const auto& task : run.tasks) {
    if (task.error.empty() || group_of(task) != task_group::failed) continue;
    lines.push_back("  " + task.id + ": " + task.error);
    is_explained = true;
  }
  if (!is_explained && !run.error.empty()) lines.push_back("  " + run.error);
  if (run.state == "failed") lines.push_back("  more: penstock run logs " + run.id);
  return lines;
}

void run_display::show(const run_snapshot& run, timestamp now) {
  if (on_.is_terminal) {
    block_.draw(draw_run(run, now, on_, frame_++));
  } else {
    for (const auto& line : tell_changes(last_, run, now)) out_ << line << '\n';
    out_.flush();
  }
  last_ = run;
  noted_.clear();
}

void run_display::note(const std::string& line) {
  if (line == noted_) return;
  noted_ = line;
  if (on_.is_terminal) block_.note(line);
  else out_ << line << std::endl;
}

void run_display::finish(const run_snapshot& run, timestamp now) {
  show(run, now);
  for (const auto& line : tell_end(run)) out_ << line << '\n';
  out_.flush();
}

} // namespace penstock::cli
