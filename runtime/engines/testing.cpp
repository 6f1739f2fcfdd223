#include "runtime/engines/testing.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <thread>

namespace penstock {

namespace fs = std::filesystem;

temporary_directory::temporary_directory() {
  std::string name = (fs::temp_directory_path() / "penstock-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string child_program() { return PENSTOCK_CHILD; }

void collecting_log::line(log_level level, std::string_view text) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(level, text);
}

std::vector<std::pair<log_level, std::string>> collecting_log::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::string collecting_log::text() const {
  std::string out;
  for (const auto& [level, text] : lines()) out += text + '\n';
  return out;
}

engine_fixture::engine_fixture(engine_settings changed) : settings(std::move(changed)) {
  settings.data_dir = directory.path() + "/data";
  settings.files_dir = directory.path() + "/" + (settings.files_dir.empty() ? "files" : settings.files_dir);
  settings.self_executable = child_program();
  fs::create_directories(settings.data_dir);
  fs::create_directories(files());
  processes = system_engine_processes(settings);
  engines = make_engines(settings, system_clock_source(), processes);
}

attempt_request engine_fixture::request(task_type type, const std::string& config, const std::string& id) {
  attempt_request r;
  r.ref = {.run = run_id{make_uuid7(from_ms(1), 3, 7)}, .task = next_task_++, .item = 0, .attempt = 1};
  r.task.id = id;
  r.task.type = type;
  r.workspace = default_workspace;
  auto parsed = read_json(config);
  REQUIRE(parsed);
  r.fields.config = *parsed;
  const std::string name = std::to_string(r.ref.task);
  r.work_dir = settings.data_dir + "/work/" + name;
  r.artifact_path = "artifacts/" + name + "/table.parquet";
  r.artifact_file = settings.data_dir + "/" + r.artifact_path;
  r.output_path = "outputs/" + name;
  r.output_dir = settings.data_dir + "/" + r.output_path;
  r.log = log;
  fs::create_directories(r.work_dir);
  fs::create_directories(r.output_dir);
  return r;
}

attempt_result engine_fixture::run(attempt_request r) {
  awaited_result awaited;
  engines->start(std::move(r), awaited.callback());
  return awaited.wait();
}

value engine_fixture::rows_of(const std::string& sql, const std::vector<input_table>& inputs) {
  auto made = request(task_type::sql, "{}", "rows");
  made.fields.config.set("sql", sql);
  made.fields.inputs = inputs;
  auto result = run(made);
  INFO(result.why.message);
  REQUIRE(result.outcome == attempt_outcome::succeeded);
  auto items = request(task_type::noop, "{}", "items");
  items.expand_items = true;
  items.fields.inputs = {table(made)};
  result = run(items);
  INFO(result.why.message);
  REQUIRE(result.outcome == attempt_outcome::succeeded);
  return result.items;
}

engine::done_callback awaited_result::callback() {
  return [s = state_](attempt_result result) {
    const std::lock_guard lock(s->mutex);
    s->result = std::move(result);
    s->changed.notify_all();
  };
}

attempt_result awaited_result::wait() {
  std::unique_lock lock(state_->mutex);
  REQUIRE(state_->changed.wait_for(lock, std::chrono::seconds(30), [this] { return state_->result.has_value(); }));
  return *state_->result;
}

bool awaited_result::is_there() const {
  const std::lock_guard lock(state_->mutex);
  return state_->result.has_value();
}

void pause_a_moment() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

} // namespace penstock
