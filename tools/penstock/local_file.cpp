#include "tools/penstock/local_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace penstock::cli {

namespace {

constexpr int mode_of_new_files = 0666; // The umask takes away what the user wants taken away.

unexpected<failure> unreadable(const std::string& path, int why) {
  return give_up(exit_code::local_file, "cannot read " + called(path) + ": " + std::strerror(why));
}

} // namespace

std::string called(const std::string& path) { return path == "-" ? "standard input" : path; }

outcome<std::string> read_local_file(const std::string& path) {
  const bool is_input = path == "-";
  const int descriptor = is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return unreadable(path, errno);
  std::string text;
  std::array<char, 64u << 10> part;
  for (;;) {
    const auto taken = ::read(descriptor, part.data(), part.size());
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) {
      const int why = errno;
      if (!is_input) ::close(descriptor);
      return unreadable(path, why);
    }
    if (taken == 0) break;
    text.append(part.data(), static_cast<std::size_t>(taken));
  }
  if (!is_input) ::close(descriptor);
  return text;
}

local_writer::local_writer(const std::string& path)
    : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_of_new_files)) {
  if (descriptor_ < 0) problem_ = errno;
}

local_writer::~local_writer() { close(); }

bool local_writer::write(std::string_view part) {
  while (problem_ == 0 && !part.empty()) {
    const auto taken = ::write(descriptor_, part.data(), part.size());
    if (taken >= 0) part.remove_prefix(static_cast<std::size_t>(taken));
    else if (errno != EINTR) problem_ = errno;
  }
  return problem_ == 0;
}

bool local_writer::close() {
  if (descriptor_ >= 0 && ::close(descriptor_) != 0 && problem_ == 0) problem_ = errno;
  descriptor_ = -1;
  return problem_ == 0;
}

std::string local_writer::problem() const { return problem_ == 0 ? "" : std::strerror(problem_); }

} // namespace penstock::cli
