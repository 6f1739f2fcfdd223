#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
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

/// @param color SGR parameters, such as "31"
[[nodiscard]] std::string colored(std::string_view text, std::string_view color, const screen& on);

/// Lines on a terminal that are drawn over and over at the same place.
class drawn_block {
public:
  drawn_block(std::ostream& out, screen on) : out_(out), on_(on) {}

  void draw(const std::vector<std::string>& lines);
  /// One line under the block until it is drawn again.
  void note(const std::string& line);

private:
  void put(const std::vector<std::string>& lines);

  std::ostream& out_;
  screen on_;
  std::vector<std::string> lines_; ///< Without a note.
  std::size_t lines_drawn_ = 0;
};

} // namespace penstock::cli
