#pragma once

#include "tools/penstock/run_snapshot.hpp"

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace penstock::cli {

/// What the screen can show.
struct screen {
  bool is_terminal = false; ///< Else lines are only ever added.
  std::size_t columns = 80;
  std::size_t lines = 24;
  bool has_color = false;
  bool has_utf8 = false;
};

/// The screen behind standard output: its size, and what `NO_COLOR`, `TERM` and the locale say of it.
[[nodiscard]] screen detect_screen();

/// The run as a block of lines: a heading and a line per task. What does not fit is left out in the middle, never
/// tasks that run or failed while there is room.
/// @param frame counts up, so that what is under way moves
[[nodiscard]] std::vector<std::string> draw_run(const run_snapshot& run, timestamp now, const screen& on,
                                                std::size_t frame);

/// A line for each task whose state changed, for where nothing can be drawn over.
[[nodiscard]] std::vector<std::string> tell_changes(const run_snapshot& before, const run_snapshot& after,
                                                    timestamp now);

/// How the run ended: one line, and one for each task that failed.
[[nodiscard]] std::vector<std::string> tell_end(const run_snapshot& run);

/// Shows a run while it goes on.
class run_display {
public:
  run_display(std::ostream& out, screen on) : out_(out), on_(on) {}

  void show(const run_snapshot& run, timestamp now);
  /// One line under the block until the next `show`, such as that the server does not answer.
  void note(const std::string& line);
  void finish(const run_snapshot& run, timestamp now);

private:
  void draw(const std::vector<std::string>& lines);

  std::ostream& out_;
  screen on_;
  run_snapshot last_;
  std::string noted_;
  std::vector<std::string> block_; ///< The run as last drawn, without a note.
  std::size_t lines_drawn_ = 0;
  std::size_t frame_ = 0;
};

} // namespace penstock::cli
