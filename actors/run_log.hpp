#pragma once

#include "actors/operations.hpp"
#include "runtime/engines/log_files.hpp"
#include "runtime/seams.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace penstock {

/// A run's log as clients read it: what its attempts wrote, and between it, by time, what became of the run and its tasks.
/// Reads in pieces from where a reader was, so neither memory nor the work of following grows with the log. Thread-safe.
class run_log {
public:
  run_log(std::shared_ptr<const log_files> files, std::shared_ptr<clock_source> clock)
      : files_(std::move(files)), clock_(std::move(clock)) {}

  /// Lines from number `from` (0-based) on, at most `limit`, fewer if they are long. Of a run that goes on, lines of the
  /// last moment are held back, until nothing can come between them any more: a line keeps its number.
  [[nodiscard]] result<std::vector<log_line>> read(const run_view& run, std::uint64_t from, std::uint32_t limit);

private:
  /// How far into both parts of a log a number of lines goes.
  struct mark {
    std::uint64_t line = 0;
    std::uint64_t offset = 0; ///< In the file.
    std::size_t told = 0;     ///< Of what became of run and tasks.
  };
  struct marks_of_run {
    std::vector<mark> marks; ///< By line.
    std::uint64_t used = 0;
  };

  [[nodiscard]] mark mark_before(run_id run, std::uint64_t line);
  void keep(run_id run, const mark& reached);

  const std::shared_ptr<const log_files> files_;
  const std::shared_ptr<clock_source> clock_;
  std::mutex mutex_;
  std::map<run_id, marks_of_run> marks_;
  std::uint64_t uses_ = 0;
};

} // namespace penstock
