#pragma once

#include "runtime/engines/engine.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace penstock {

/// One line of a run's log.
struct log_line {
  timestamp at;
  log_level level = log_level::info;
  std::string task; ///< Empty: of the run as a whole.
  std::string text;
};

/// The log lines of attempts, in a file for each run, `<data_dir>/logs/<run id>/lines`, in the order in which they were
/// written. Not synced: a crash of the machine may lose the last moments of an attempt, which is run again then. Thread-safe.
class log_files {
public:
  log_files(std::string data_dir, std::shared_ptr<class clock_source> clock);

  /// The log of one attempt. Nothing is written, and no file made, before the first line; secrets (`attempt_log::mask`)
  /// appear as `***`.
  [[nodiscard]] std::shared_ptr<attempt_log> open_attempt(const attempt_ref& ref, const std::string& task_id,
                                                          std::uint64_t bytes_max);

  /// Calls `take(line, end)` for the lines behind byte `offset`, which is 0 or the `end` of an earlier line, until it
  /// answers false. Reads in pieces, whatever the size of the log; a line that is being written is left for another time.
  [[nodiscard]] result<void> scan(const run_id& run, std::uint64_t offset,
                                  const std::function<bool(log_line&& line, std::uint64_t end)>& take) const;

  /// The file of a run's lines; it may not be there.
  [[nodiscard]] std::string path_of(const run_id& run) const;

  /// Removes a run's logs. Nothing happens if there are none.
  void remove(const run_id& run) const;

private:
  std::string root_;
  std::shared_ptr<clock_source> clock_;
};

} // namespace penstock
