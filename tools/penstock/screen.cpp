#include "tools/penstock/screen.hpp"

#include "tools/penstock/text_format.hpp"

#include <clocale>
#include <cstdlib>
#include <cstring>

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace penstock::cli {

screen detect_screen() {
  screen on;
  std::setlocale(LC_CTYPE, "");
  const char* const term = std::getenv("TERM");
  const bool is_dumb = term == nullptr || *term == '\0' || std::strcmp(term, "dumb") == 0;
  on.is_terminal = isatty(STDOUT_FILENO) != 0 && !is_dumb;
  on.has_utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  const char* const no_color = std::getenv("NO_COLOR");
  on.has_color = on.is_terminal && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    on.columns = size.ws_col;
    on.lines = size.ws_row;
  }
  return on;
}

std::string colored(std::string_view text, std::string_view color, const screen& on) {
  return on.has_color ? "\x1b[" + std::string{color} + "m" + std::string{text} + "\x1b[0m" : std::string{text};
}

void drawn_block::draw(const std::vector<std::string>& lines) {
  lines_ = lines;
  put(lines);
}

void drawn_block::note(const std::string& line) {
  auto lines = lines_;
  lines.push_back(colored(fit(line, on_.columns > 1 ? on_.columns - 1 : 1), "33", on_));
  put(lines);
}

void drawn_block::put(const std::vector<std::string>& lines) {
  // Over the old block line by line and then clear what is below, so that nothing flickers.
  if (lines_drawn_ > 0) out_ << "\x1b[" << lines_drawn_ << "A";
  for (const auto& line : lines) out_ << '\r' << line << "\x1b[K\n";
  out_ << "\x1b[J";
  out_.flush();
  lines_drawn_ = lines.size();
}

} // namespace penstock::cli
