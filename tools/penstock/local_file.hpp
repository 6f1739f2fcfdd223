#pragma once

#include "tools/penstock/outcome.hpp"

#include <string>
#include <string_view>

namespace penstock::cli {

/// The text of a file of this machine; `-` is standard input.
/// @returns `exit_code::local_file` with the name and why it cannot be read
[[nodiscard]] outcome<std::string> read_local_file(const std::string& path);

/// How a file is called in messages: `-` is "standard input".
[[nodiscard]] std::string called(const std::string& path);

/// A file of this machine while it is written.
class local_writer {
public:
  /// Opens `path`; what it held is gone.
  explicit local_writer(const std::string& path);
  ~local_writer();
  local_writer(const local_writer&) = delete;
  local_writer& operator=(const local_writer&) = delete;

  /// @returns whether it was taken; if not, `problem` says why, and nothing more is written
  bool write(std::string_view part);
  bool close();

  /// Why it cannot be written, in the system's words; empty while it can.
  [[nodiscard]] std::string problem() const;

private:
  int descriptor_;
  int problem_ = 0; ///< errno.
};

} // namespace penstock::cli
