#pragma once

#include "runtime/engines/process.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace penstock {

/// Says whether SQL parses, by asking a child process that is kept for it. Usable as `compile_options::sql_error`.
/// Blocks for a moment (for the first text until DuckDB is loaded); thread-safe.
class sql_checker {
public:
  /// @param starter of processes in `sql_keeper_mode`, e.g. `engine_processes::sql`.
  explicit sql_checker(std::shared_ptr<process_starter> starter);
  ~sql_checker();

  /// The engine's words if `sql` does not parse. Nothing if it does, and nothing if no child can say so: a definition
  /// is not refused for want of a checker.
  [[nodiscard]] std::optional<std::string> operator()(const std::string& sql);

private:
  struct conversation;

  [[nodiscard]] std::optional<std::string> ask(const std::string& sql);
  void open();
  void close();

  const std::shared_ptr<process_starter> starter_;
  std::mutex mutex_; ///< One question at a time.
  std::unordered_map<std::string, std::optional<std::string>> known_;
  std::shared_ptr<conversation> child_;
};

} // namespace penstock
