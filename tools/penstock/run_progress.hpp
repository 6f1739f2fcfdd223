#pragma once

#include "tools/penstock/run_snapshot.hpp"
#include "tools/penstock/screen.hpp"

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace penstock::cli {

/// The run as a block of lines: a heading and a line per task. What does not fit is left out in the middle, never
/// tasks that run or failed while there is room.
/// @param frame counts up, so that what is under way moves
[[nodiscard]] std::vector<std::string> draw_run(const run_snapshot& run, timestamp now, const screen& on,
                                                std::size_t frame);

/// A line for each task whose state changed, for where nothing can be drawn over.
[[nodiscard]] std::vector<std::string> tell_changes(const run_snapshot& before, const run_snapshot& after,
                                                    timestamp now);

/// A table of the attempts that failed before the last one of their task; empty if there were none.
[[nodiscard]] std::string show_earlier_attempts(const run_snapshot& run);

/// How the run ended: one line, and one for each task that failed.
[[nodiscard]] std::vector<std::string> tell_end(const run_snapshot& run);

/// Shows a run while it goes on.
class run_display {
public:
  /// @param drawing the same output, for what may hold sequences of control characters
  run_display(std::ostream& out, std::ostream& drawing, screen on) : out_(out), on_(on), block_(drawing, on) {}

  void show(const run_snapshot& run, timestamp now);
  /// One line under the block until the next `show`, such as that the server does not answer.
  void note(const std::string& line);
  void finish(const run_snapshot& run, timestamp now);

private:
  std::ostream& out_;
  screen on_;
  drawn_block block_;
  run_snapshot last_;
  std::string noted_;
  std::size_t frame_ = 0;
};

} // namespace penstock::cli
