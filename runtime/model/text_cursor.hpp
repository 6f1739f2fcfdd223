#pragma once

#include "runtime/model/value.hpp"

#include <cstddef>
#include <string_view>

namespace penstock {

/// Tells line and column of offsets into a text, asked for in ascending order, in one pass over it. Columns count
/// characters, as editors do, not bytes.
class text_cursor {
public:
  explicit text_cursor(std::string_view text) : text_(text) {}

  /// Place of byte `offset`, which must not be smaller than in the call before; the end of the text has a place too.
  [[nodiscard]] value::place at(std::size_t offset) noexcept {
    if (offset > text_.size()) offset = text_.size();
    for (; offset_ < offset; ++offset_) {
      const char c = text_[offset_];
      if (c == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if ((c & 0xC0) != 0x80) { // A continuation byte is part of the character before it.
        ++place_.column;
      }
    }
    return place_;
  }

private:
  std::string_view text_;
  std::size_t offset_ = 0;
  value::place place_{1, 1};
};

} // namespace penstock
