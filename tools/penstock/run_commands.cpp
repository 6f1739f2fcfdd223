#include "runtime/model/ids.hpp"
#include "tools/penstock/commands.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/local_file.hpp"
#include "tools/penstock/text_format.hpp"
#include "tools/penstock/watching.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <utility>

namespace penstock::cli {

namespace {

timestamp now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

std::string path_of(const std::string& run) { return "/api/pipelines/runs/" + encode(run); }

/// The name of a run's pipeline; its id if the name is not to be had.
std::string pipeline_name(api_client& api, const value& run) {
  const auto id = text_of(run, "pipeline_id");
  const auto pipeline = api.get("/api/pipelines/" + encode(id), object_with({{"name"}}));
  const auto name = pipeline ? text_of(*pipeline, "name") : "";
  return name.empty() ? id : name;
}

const answer_form a_run = object_with({{"id"}, {"status"}});

outcome<value::list> runs_of(api_client& api, const std::string& pipeline, std::size_t limit,
                             const std::string& status) {
  auto path = "/api/pipelines/" + encode(pipeline) + "/runs?limit=" + std::to_string(limit);
  if (!status.empty()) path += "&status=" + encode(status);
  const auto answer = api.get(path, list_of(a_run.members));
  if (!answer) return unexpected(answer.error());
  return entries_of(*answer);
}

/// The id of a run given as such, or the newest run of a pipeline given by name.
outcome<std::string> find_run(api_client& api, const std::string& id_or_pipeline) {
  if (const auto id = parse_uuid(id_or_pipeline)) return to_text(*id);
  const auto pipeline = find_pipeline(api, id_or_pipeline);
  if (!pipeline) {
    auto why = pipeline.error();
    if (why.code == exit_code::not_found) why.message.insert(0, "no run has the id " + id_or_pipeline + ", and ");
    return unexpected(std::move(why));
  }
  const auto newest = runs_of(api, *pipeline, 1, "");
  if (!newest) return unexpected(newest.error());
  if (newest->empty()) return give_up(exit_code::not_found, "pipeline " + id_or_pipeline + " has no runs yet");
  return text_of(newest->front(), "id");
}

struct named_run {
  std::string pipeline;
  value run;
};

/// A run's status as the surface says it that lists the runs of all pipelines.
std::string job_status(const std::string& status) { return status == "success" ? "completed" : status; }

/// The newest runs of all pipelines.
outcome<std::vector<named_run>> newest_runs(api_client& api, std::size_t limit, const std::string& status) {
  constexpr std::size_t page_size = 100;
  std::vector<named_run> runs;
  std::map<std::string, std::string> names;
  for (std::size_t page = 1; runs.size() < limit; ++page) {
    auto path = "/v1/jobs?limit=" + std::to_string(page_size) + "&page=" + std::to_string(page);
    if (!status.empty()) path += "&status=" + encode(job_status(status));
    const auto answer = api.get(path, list_of({{"id"}}));
    if (!answer) return unexpected(answer.error());
    const auto jobs = entries_of(*answer);
    for (const auto& job : jobs) {
      if (runs.size() == limit) break;
      // The list does not say who started a run.
      auto run = api.get(path_of(text_of(job, "id")), a_run);
      if (!run && run.error().code == exit_code::not_found) continue;
      if (!run) return unexpected(run.error());
      auto& name = names[text_of(*run, "pipeline_id")];
      if (name.empty()) name = pipeline_name(api, *run);
      runs.push_back({name, std::move(*run)});
    }
    if (jobs.size() < page_size) break;
  }
  return runs;
}

/// The status that is asked for as the server says it; empty: any.
outcome<std::string> read_status(const command_context& with) {
  const auto given = with.option("status");
  if (!with.line.has("status")) return given;
  if (given == "succeeded" || given == "completed") return std::string{"success"};
  for (const auto* known : {"pending", "running", "success", "failed", "cancelled"})
    if (given == known) return given;
  return give_up(exit_code::usage,
                 "--status takes pending, running, succeeded, failed or cancelled, not \"" + given + "\"");
}

outcome<std::vector<named_run>> listed_runs(command_context& with, std::size_t limit) {
  const auto status = read_status(with);
  if (!status) return unexpected(status.error());
  if (with.words.empty()) return newest_runs(with.api, limit, *status);
  const auto id = find_pipeline(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  auto of_one = runs_of(with.api, *id, limit, *status);
  if (!of_one) return unexpected(of_one.error());
  std::vector<named_run> runs;
  for (auto& run : *of_one) runs.push_back({with.words[0], std::move(run)});
  return runs;
}

std::vector<std::string> run_row(const named_run& entry) {
  const auto started = parse_rfc3339(text_of(entry.run, "started_at"));
  const auto ended = parse_rfc3339(text_of(entry.run, "finished_at"));
  const auto error = first_line(text_of(entry.run, "error"));
  return {text_of(entry.run, "id"),
          entry.pipeline,
          text_of(entry.run, "status"),
          text_of(entry.run, "triggered_by"),
          show_time(text_of(entry.run, "created_at")),
          started ? show_duration(ended.value_or(now()) - *started) : "-",
          fit(error, 60)};
}

outcome<exit_code> list(command_context& with) {
  std::size_t limit = 20;
  if (const auto given = with.option("limit"); !given.empty()) {
    const auto [end, problem] = std::from_chars(given.data(), given.data() + given.size(), limit);
    if (problem != std::errc{} || end != given.data() + given.size() || limit < 1 || limit > 1'000) {
      return give_up(exit_code::usage, "--limit takes a whole number from 1 to 1000, not \"" + given + "\"");
    }
  }
  auto runs = listed_runs(with, limit);
  if (!runs) return unexpected(runs.error());
  if (with.as_json) {
    value all{value::list{}};
    for (auto& entry : *runs) all.push_back(std::move(entry.run));
    print_json(with.out, all);
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : *runs) rows.push_back(run_row(entry));
  print_table(with, {"RUN", "PIPELINE", "STATUS", "STARTED BY", "CREATED", "TOOK", "ERROR"}, rows, "runs");
  return exit_code::ok;
}

outcome<exit_code> show(command_context& with) {
  const auto id = find_run(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  const auto answer = with.api.get(path_of(*id), a_run);
  if (!answer) return unexpected(answer.error());
  if (with.as_json) {
    print_json(with.out, *answer);
    return exit_code::ok;
  }
  const auto run = read_run(*answer, pipeline_name(with.api, *answer));
  // All tasks, however many: this is no screen that is drawn over.
  auto on = with.on;
  on.lines = run.tasks.size() + 100;
  if (!on.is_terminal) on.columns = 10'000;
  for (const auto& line : draw_run(run, now(), on, 0)) with.drawing << line << '\n';
  with.out << show_earlier_attempts(run);
  if (run.has_ended()) {
    for (const auto& line : tell_end(run)) with.out << line << '\n';
  }
  return exit_code::ok;
}

outcome<exit_code> watch(command_context& with) {
  const auto id = find_run(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  return watch_run(with, *id);
}

outcome<exit_code> cancel(command_context& with) {
  const auto id = find_run(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  const auto answer = with.api.send("POST", path_of(*id) + "/cancel", object_with({{"status"}}));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) print_json(with.out, *answer);
  else with.err << "run " << *id << " cancelled\n";
  return exit_code::ok;
}

outcome<exit_code> set_priority(command_context& with) {
  const auto id = find_run(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  value body;
  body.set("priority", with.words[1]);
  const auto answer = with.api.send("PATCH", "/v1/jobs/" + encode(*id), object_with({{"priority"}}), std::move(body));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) print_json(with.out, data_of(*answer));
  else with.err << "run " << *id << " has priority " << text_of(data_of(*answer), "priority") << '\n';
  return exit_code::ok;
}

/// Prints the log from line `from` on, page by page, as far as it goes now.
/// @param from is moved to the line that comes next, also if it fails on the way
outcome<void> print_log(command_context& with, const std::string& run, std::int64_t& from) {
  const auto form = object_with({{"logs"}, {"next", needed_member::kind::integer}});
  for (;;) {
    const auto answer = with.api.get(path_of(run) + "/logs?limit=50000&from=" + std::to_string(from), form);
    if (!answer) return unexpected(answer.error());
    // Of output that cannot be written the program tells at its end.
    if (!(with.out << text_of(*answer, "logs") << std::flush)) return {};
    const auto next = int_of(*answer, "next", from);
    if (next <= from) return {};
    from = next;
  }
}

outcome<exit_code> logs(command_context& with) {
  const auto id = find_run(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  std::int64_t from = 0;
  if (!with.is_on("follow")) {
    if (const auto done = print_log(with, *id, from); !done) return unexpected(done.error());
    return exit_code::ok;
  }
  bool is_away = false;
  const auto look = [&]() -> outcome<bool> {
    // The state is asked for first: what was logged before the end is then in the log that is read after it.
    const auto state = with.api.get(path_of(*id), a_run);
    if (!state) return unexpected(state.error());
    if (const auto done = print_log(with, *id, from); !done) return unexpected(done.error());
    is_away = false;
    return read_run(*state, "").has_ended() || !with.out;
  };
  const auto miss = [&] {
    if (!std::exchange(is_away, true)) with.err << "the server does not answer; the log goes on when it is back\n";
  };
  if (const auto seen = keep_watching(with, {look, miss, ""}); !seen) return unexpected(seen.error());
  return exit_code::ok;
}

/// The name in `Content-Disposition`, never with a path.
std::string offered_name(const api_answer& answer) {
  const auto header = answer.header("content-disposition");
  const auto at = header.find("filename=");
  if (at == std::string::npos) return {};
  auto name = header.substr(at + 9);
  if (!name.empty() && name.front() == '"') name = name.substr(1, name.find('"', 1) - 1);
  else name = name.substr(0, name.find(';'));
  return std::filesystem::path(name).filename().string();
}

outcome<exit_code> download_to_stdout(command_context& with, const std::string& path) {
  const auto answer = with.api.download(path, [&](std::string_view part) {
    return static_cast<bool>(with.out.write(part.data(), static_cast<std::streamsize>(part.size())));
  });
  // That the output cannot be written is told at the end of the program, with the reason.
  if (!answer && with.out) return unexpected(answer.error());
  return exit_code::ok;
}

bool is_stdout(const std::string& target) {
  return target == "-" || target == "/dev/stdout" || target == "/dev/fd/1" || target == "/proc/self/fd/1";
}

unexpected<failure> unwritable(const std::string& target, const std::string& why) {
  return give_up(exit_code::local_file, "cannot write " + target + ": " + why);
}

/// Fetches into a file that is only written to, such as a device: it cannot be put in place when it is whole.
outcome<exit_code> download_into(command_context& with, const std::string& path, const std::string& target) {
  local_writer file{target};
  if (!file.problem().empty()) return unwritable(target, file.problem());
  const auto answer = with.api.download(path, [&](std::string_view part) { return file.write(part); });
  if (!file.close()) return unwritable(target, file.problem());
  if (!answer) return unexpected(answer.error());
  return exit_code::ok;
}

outcome<exit_code> download(command_context& with) {
  auto target = with.option("file");
  if (with.line.has("file") && target.empty()) return give_up(exit_code::usage, "--file takes the name of a file");
  const auto id = find_run(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  const auto path = path_of(*id) + "/download";
  if (is_stdout(target)) return download_to_stdout(with, path);
  std::error_code problem;
  const auto status = std::filesystem::status(target, problem);
  if (!target.empty() && exists(status) && !is_regular_file(status)) return download_into(with, path, target);
  const auto refuse_existing = [&](const std::string& file) {
    return std::filesystem::exists(file, problem) && !with.is_on("force");
  };
  const auto exists_already = [](const std::string& file) {
    return give_up(exit_code::local_file, file + " exists; --force replaces it, --file gives another name");
  };
  if (!target.empty() && refuse_existing(target)) return exists_already(target);

  // Beside its place and under another name until it is whole.
  const auto partial = (target.empty() ? *id : target) + ".part";
  local_writer file{partial};
  if (!file.problem().empty()) return unwritable(target.empty() ? partial : target, file.problem());
  auto answer = with.api.download(path, [&](std::string_view part) { return file.write(part); });
  const bool is_written = file.close();
  if (answer && target.empty()) {
    target = offered_name(*answer);
    if (target.empty()) target = *id + ".out";
    if (refuse_existing(target)) {
      std::filesystem::remove(partial, problem);
      return exists_already(target);
    }
  }
  problem.clear();
  if (answer && is_written) std::filesystem::rename(partial, target, problem);
  if (!answer || !is_written || problem) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    if (!is_written || problem)
      return unwritable(target.empty() ? partial : target, is_written ? problem.message() : file.problem());
    return unexpected(answer.error());
  }
  with.err << target << ": " << show_bytes(std::filesystem::file_size(target, problem)) << '\n';
  return exit_code::ok;
}

constexpr option_row list_options[] = {
  {"status", "STATUS", "only pending, running, succeeded, failed or cancelled ones"},
  {"limit", "N", "at most so many, the newest [20]", 'n'}};
constexpr option_row logs_options[] = {{"follow", "", "go on until the run has ended", 'f'}};
constexpr option_row download_options[] = {
  {"file", "FILE", "where to; - is standard output [the file's own name]", 'o'},
  {"force", "", "replace a file that exists"}};

constexpr command_row rows[] = {
  {"run", "list", "[PIPELINE]", 0, 1, "list the newest runs", list_options, &list},
  {"run", "show", "RUN", 1, 1, "show a run and its tasks", {}, &show},
  {"run", "watch", "RUN", 1, 1, "watch a run until it has ended", {}, &watch},
  {"run", "logs", "RUN", 1, 1, "print a run's log", logs_options, &logs},
  {"run", "cancel", "RUN", 1, 1, "stop a run", {}, &cancel},
  {"run",
   "priority",
   "RUN PRIORITY",
   2,
   2,
   "let what waits of a run wait with another priority: HIGH, NORMAL or LOW",
   {},
   &set_priority},
  {"run", "download", "RUN", 1, 1, "fetch the file that a run made", download_options, &download},
};

} // namespace

std::span<const command_row> run_commands() { return rows; }

outcome<exit_code> watch_run(command_context& with, const std::string& run) {
  run_display display(with.out, with.drawing, with.on);
  std::string pipeline;
  bool has_succeeded = false;
  const auto look = [&]() -> outcome<bool> {
    const auto answer = with.api.get(path_of(run), a_run);
    if (!answer) return unexpected(answer.error());
    if (pipeline.empty()) pipeline = pipeline_name(with.api, *answer);
    const auto snapshot = read_run(*answer, pipeline);
    has_succeeded = snapshot.has_succeeded();
    const bool has_ended = snapshot.has_ended();
    if (with.as_json && has_ended) print_json(with.out, *answer);
    else if (!with.as_json && has_ended) display.finish(snapshot, now());
    else if (!with.as_json) display.show(snapshot, now());
    return has_ended;
  };
  const auto miss = [&] {
    if (!with.as_json) display.note("the server does not answer; the run goes on when it is back");
  };
  const auto stopping = "the run goes on; stop it: penstock run cancel " + run;
  if (const auto seen = keep_watching(with, {look, miss, stopping}); !seen) return unexpected(seen.error());
  return has_succeeded ? exit_code::ok : exit_code::run_failed;
}

} // namespace penstock::cli
