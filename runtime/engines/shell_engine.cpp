#include "runtime/engines/shell_engine.hpp"

#include "runtime/connectors/files_path.hpp"
#include "runtime/connectors/table_file.hpp"
#include "runtime/engines/line_splitter.hpp"
#include "runtime/model/json.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>

namespace penstock {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t no_item = UINT32_MAX; // `attempt_ref::item` of a task as a whole, as runtime/lifecycle has it.
constexpr const char* default_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Beside the command's own directory and not in it, where it could put a link in the output's place.
std::string command_directory(const attempt_request& request) { return request.work_dir + "/work"; }
std::string output_path(const attempt_request& request) { return request.work_dir + "/stdout"; }

std::string input_variable(const std::string& task) {
  std::string out = "PENSTOCK_INPUT_";
  for (const char c : task) {
    const bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    out += lower ? static_cast<char>(c - 'a' + 'A') : upper || digit ? c : '_';
  }
  return out;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ":") + text;
  return out;
}

/// The command itself, or what it ran last, wanted to write a larger file than it may.
bool is_for_file_size(const process_end& end) {
  constexpr int as_exit_code = 128 + SIGXFSZ; // The shell's way of telling.
  return (end.outcome == process_outcome::signalled && end.code == SIGXFSZ) ||
         (end.outcome == process_outcome::exited && end.code == as_exit_code);
}

std::string text_of(const value& v) { return v.as_string() ? *v.as_string() : write_json(v); }

} // namespace

/// A command while it runs. Used by the starter's thread only.
struct shell_engine::command_run {
  attempt_pointer attempt;
  line_splitter out, err;
  std::string last_error_line;

  explicit command_run(attempt_pointer a)
      : attempt(std::move(a)), out([this](std::string_view line) { attempt->log(log_level::info, line); }),
        err([this](std::string_view line) {
          attempt->log(log_level::info, line);
          if (line.find_first_not_of(" \t") != std::string_view::npos) last_error_line = line.substr(0, 1'000);
        }) {}
};

std::vector<std::string> shell_environment(const attempt_request& request, const std::string& directory) {
  std::map<std::string, std::string> variables{
    {"HOME", directory},
    {"LANG", "C.UTF-8"},
    {"PENSTOCK_ATTEMPT", std::to_string(request.ref.attempt)},
    {"PENSTOCK_RUN_ID", to_text(request.ref.run)},
    {"PENSTOCK_TASK_ID", request.task.id},
  };
  if (request.ref.item != no_item) variables["PENSTOCK_ITEM"] = std::to_string(request.ref.item);
  variables["PATH"] = std::string(default_path).substr(5);
  if (!request.traceparent.empty()) variables["TRACEPARENT"] = request.traceparent;
  for (const auto& input : request.fields.inputs)
    if (!input.files.empty()) variables[input_variable(input.name)] = joined(input.files);
  const value* own = request.fields.config.find("env");
  if (own && own->as_object())
    for (const auto& [name, v] : *own->as_object()) variables[name] = text_of(v);
  std::vector<std::string> out;
  for (const auto& [name, text] : variables) out.push_back(name + "=" + text);
  return out;
}

process_spec shell_engine::spec_of(const attempt_request& request, const std::string& directory) const {
  process_spec spec;
  const value* command = request.fields.config.find("command");
  spec.arguments = {"/bin/sh", "-c", command && command->as_string() ? *command->as_string() : ""};
  spec.environment = shell_environment(request, directory);
  spec.directory = directory;
  if (request.fields.config.find("output")) spec.output_file = output_path(request);
  spec.output_bytes_max = settings_.output_bytes_max;
  spec.limits.data_bytes = settings_.task_memory_bytes;
  spec.limits.file_bytes = settings_.task_file_bytes;
  spec.kill_grace_ms = settings_.kill_grace_ms;
  // Everybody's data and keys lie below it.
  spec.hidden_directories = {settings_.data_dir};
  auto& visible = spec.readable_directories;
  for (const auto& input : request.fields.inputs)
    for (const auto& file : input.files) visible.push_back(fs::path(file).parent_path().string());
  std::error_code ignored;
  if (!settings_.files_dir.empty() && fs::is_directory(settings_.files_dir, ignored)) {
    if (!settings_.files_dir.starts_with(settings_.data_dir + "/"))
      spec.hidden_directories.push_back(settings_.files_dir);
    const auto own = files_directory_of(settings_.files_dir, request.workspace);
    if (fs::is_directory(fs::symlink_status(own, ignored))) visible.push_back(own);
  }
  std::sort(visible.begin(), visible.end());
  visible.erase(std::unique(visible.begin(), visible.end()), visible.end());
  return spec;
}

void shell_engine::begin(const attempt_pointer& attempt) {
  if (settings_.require_confinement && !settings_.can_confine)
    return attempt->fail(errc::task_failed,
                         "This system cannot keep a command away from everybody's data, and the server runs none then "
                         "(--require-confinement).",
                         false);
  enter_place(places_, attempt, [this, attempt] { start(attempt); });
}

void shell_engine::refuse(const attempt_pointer& attempt, error why, bool retryable) {
  places_.leave();
  attempt->fail(std::move(why), retryable);
}

void shell_engine::start(const attempt_pointer& attempt) {
  if (auto begun = attempt->begin(settings_.attempt_timeout_ms); !begun)
    return refuse(attempt, std::move(begun).error(), false);
  if (attempt->config_text("command").empty())
    return refuse(attempt, {errc::invalid_argument, "The task needs a 'command', a text for /bin/sh.", {}}, false);
  const auto& request = attempt->request();
  const std::string directory = command_directory(request);
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    return refuse(
      attempt, {errc::io_failed, "The directory " + directory + " cannot be made: " + error.message() + ".", {}}, true);
  process_spec spec = spec_of(request, directory);
  spec.timeout_ms = attempt->time_left_ms();
  auto run = std::make_shared<command_run>(attempt);
  process_observer observer;
  observer.output = [run](process_stream stream, std::string_view bytes) {
    (stream == process_stream::out ? run->out : run->err).add(bytes);
  };
  observer.ended = [this, run](const process_end& end) { finished(run, end); };
  const auto number = programs_->start(std::move(spec), std::move(observer));
  attempt->on_cancel([this, number] { programs_->stop(number); });
}

void shell_engine::finished(const std::shared_ptr<command_run>& run, const process_end& end) {
  run->out.finish();
  run->err.finish();
  const auto& attempt = run->attempt;
  const value* output = attempt->request().fields.config.find("output");
  if (end.ok() && (output || !attempt->request().fields.checks.empty()))
    return load_output(attempt, output ? *output : value{});
  places_.leave();
  if (end.ok()) return attempt->succeed({});
  if (end.stopped) return attempt->end_cancelled();
  if (end.disk_full) return fail_for_disk(attempt, "The command", settings_.reserve());
  if (end.wrote_too_much)
    return attempt->fail(errc::too_large,
                         "The command printed more than " + std::to_string(settings_.output_bytes_max) +
                           " bytes of output, the most this server reads as a table (--max-output).",
                         false);
  if (end.timed_out) return attempt->fail_timed_out("The command");
  std::string why = "The command " + describe(end);
  if (is_for_file_size(end))
    why += "; a file may have " + std::to_string(settings_.task_file_bytes) + " bytes at most (--task-file-size)";
  if (end.outcome != process_outcome::not_started && !run->last_error_line.empty()) why += ": " + run->last_error_line;
  attempt->fail(errc::task_failed, std::move(why), true);
}

/// Still in the command's place.
void shell_engine::load_output(const attempt_pointer& attempt, const value& output) {
  const auto& request = attempt->request();
  sql_job job = tables_.new_job(request);
  if (!output.is_null()) {
    const std::string file = output_path(request);
    auto how = table_format_from(output, "csv");
    std::error_code error;
    // Where namespaces are not allowed the command could reach this file; a link would make the reader read elsewhere,
    // so it opens it with care too.
    const bool is_ours = fs::symlink_status(file, error).type() == fs::file_type::regular;
    if (!how || !is_ours) {
      places_.leave();
      if (!how) return attempt->fail(how.error(), false);
      return attempt->fail(errc::io_failed, "The command's output file is gone.", true);
    }
    const bool empty = fs::file_size(file, error) == 0;
    job.guarded_files = {{request.work_dir, fs::path(file).filename().string()}};
    if (!empty && how->format == "csv") job.csv = tabular_file{guarded_path(0), "the command's output", *how};
    else job.statements = {empty ? empty_table_query(*how) : table_query(*how, guarded_path(0))};
  }
  tables_.run(
    attempt, std::move(job), [this] { places_.leave(); },
    [](const attempt_pointer& done, const sql_outcome& outcome) { table_work::keep_table(done, outcome); });
}

} // namespace penstock
