#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace penstock {

/// Makes lines of bytes that come in pieces. What a line has beyond `line_bytes_max` is dropped, so memory is bounded.
class line_splitter {
public:
  static constexpr std::size_t line_bytes_max = 64u << 10;

  explicit line_splitter(std::function<void(std::string_view)> sink) : sink_(std::move(sink)) {}

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto part = bytes.substr(0, end);
      line_.append(part.substr(0, line_bytes_max - line_.size()));
      if (end == std::string_view::npos) return;
      emit();
      bytes.remove_prefix(end + 1);
    }
  }

  /// Gives out a last line without a newline.
  void finish() {
    if (!line_.empty()) emit();
  }

private:
  void emit() {
    if (line_.ends_with('\r')) line_.pop_back();
    sink_(line_);
    line_.clear();
  }

  std::function<void(std::string_view)> sink_;
  std::string line_;
};

} // namespace penstock
