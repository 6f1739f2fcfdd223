#pragma once

#include "runtime/error.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

/// A line of an iCalendar text (RFC 5545), put together from its folds: `NAME;PARAMETER=…:value`.
struct ical_property {
  std::string name;                                            ///< In capitals.
  std::vector<std::pair<std::string, std::string>> parameters; ///< Names in capitals, values without quotes.
  std::string value;                                           ///< As written.
  std::uint32_t line = 0;                                      ///< Where it begins, from 1 on.

  /// Empty if there is no such parameter.
  [[nodiscard]] std::string_view parameter(std::string_view wanted) const noexcept;
};

/// Takes a text apart into its lines; what is none becomes a problem with its line.
[[nodiscard]] std::vector<ical_property> read_ical_lines(std::string_view text, std::vector<problem>& problems);

/// A date, or a date and time, as written: of which zone does not matter here.
struct ical_time {
  std::chrono::local_seconds at;
  bool is_date = false; ///< Without a time of day.
};

/// "20261225", "20261225T090000" or "20261225T090000Z".
[[nodiscard]] std::optional<ical_time> parse_ical_time(std::string_view text) noexcept;

/// "P1D", "PT36H", "P2W", "P1DT12H": at most 10,000 days; not a negative one.
[[nodiscard]] std::optional<std::chrono::seconds> parse_ical_duration(std::string_view text) noexcept;

/// A TEXT value without its escapes, on one line.
[[nodiscard]] std::string unescape_ical_text(std::string_view text);

/// In capitals, for names and keywords that are compared whatever their case.
[[nodiscard]] std::string in_capitals(std::string_view text);

/// Takes the part before the next `separator` off `text`, and the separator.
[[nodiscard]] std::string_view take_part(std::string_view& text, char separator) noexcept;

} // namespace penstock
