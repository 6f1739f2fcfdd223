#pragma once

#include "runtime/connectors/files_path.hpp"
#include "runtime/engines/engine_set.hpp"
#include "runtime/engines/log_files.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Fixtures of this folder's tests.

namespace penstock {

/// A directory for one test, gone afterwards.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

/// The program that the tests' engines start: nothing but `run_child_mode`.
[[nodiscard]] std::string child_program();

/// Collects log lines.
class collecting_log final : public attempt_log {
public:
  void line(log_level level, std::string_view text) override;
  void mask(const std::vector<std::string>&) override {}
  [[nodiscard]] std::vector<std::pair<log_level, std::string>> lines() const;
  /// All texts, a line each.
  [[nodiscard]] std::string text() const;

private:
  mutable std::mutex mutex_;
  std::vector<std::pair<log_level, std::string>> lines_;
};

/// Real engines in a directory of their own.
class engine_fixture {
public:
  /// @param changed its `files_dir` is relative to the fixture's directory.
  explicit engine_fixture(engine_settings changed = {});

  /// A request for a task of this type and config (JSON), with directories and a log of its own.
  [[nodiscard]] attempt_request request(task_type type, const std::string& config, const std::string& id = "task");

  /// Starts it and waits for its end. Fails the test after 30 s.
  [[nodiscard]] attempt_result run(attempt_request r);
  [[nodiscard]] attempt_result run(task_type type, const std::string& config) { return run(request(type, config)); }

  /// Runs SQL as a task and gives its rows as items, a list of objects.
  [[nodiscard]] value rows_of(const std::string& sql, const std::vector<input_table>& inputs = {});

  /// What an attempt of this id made, as an input of another.
  [[nodiscard]] static input_table table(const attempt_request& made) { return {made.task.id, {made.artifact_file}}; }

  /// The files directory of workspace `default`, whose requests these are.
  [[nodiscard]] std::string files() const { return files_directory_of(settings.files_dir, default_workspace); }

  temporary_directory directory;
  std::shared_ptr<collecting_log> log = std::make_shared<collecting_log>();
  engine_settings settings;
  engine_processes processes;
  std::unique_ptr<engine_set> engines;

private:
  std::uint32_t next_task_ = 0;
};

/// The result of an attempt that another thread delivers.
class awaited_result {
public:
  [[nodiscard]] engine::done_callback callback();
  /// Fails the test after 30 s.
  [[nodiscard]] attempt_result wait();
  [[nodiscard]] bool is_there() const;

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<attempt_result> result;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// Waits until `condition` holds, at most `limit`. @returns whether it does.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(10));

void pause_a_moment();

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    pause_a_moment();
  }
  return true;
}

} // namespace penstock
