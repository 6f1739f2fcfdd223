#pragma once

#include "runtime/model/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

/// "0.3 s", "12.0 s", "3 min 05 s", "2 h 07 min", "4 d 03 h".
[[nodiscard]] std::string show_duration(milliseconds d);

/// "812 B", "12.4 KiB", "3.0 GiB".
[[nodiscard]] std::string show_bytes(std::uint64_t bytes);

/// "12,345".
[[nodiscard]] std::string show_count(std::uint64_t count);

/// `2026-01-31 10:30:00` in the machine's time zone; "-" for nothing or what is no time.
[[nodiscard]] std::string show_time(std::string_view rfc3339);

/// Columns on a screen, one for each UTF-8 character.
[[nodiscard]] std::size_t width_of(std::string_view text) noexcept;

/// At most `columns` wide, the last one an ellipsis if something was cut off; control characters become blanks.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns);

/// Up to the first line break.
[[nodiscard]] std::string first_line(std::string_view text);

/// Lines up cells under their headings, two blanks between; nothing behind the last cell of a row.
[[nodiscard]] std::string show_table(const std::vector<std::string>& headings,
                                     const std::vector<std::vector<std::string>>& rows);

} // namespace penstock::cli
