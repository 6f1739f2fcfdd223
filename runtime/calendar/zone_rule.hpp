#pragma once

#include "runtime/model/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

/// A day that recurs every year, and a local time on it, such as the "M3.5.0/-1" of a zone rule.
struct yearly_moment {
  enum class kind : std::uint8_t {
    weekday,     ///< M: the n-th weekday of a month, 5 = the last one.
    day_no_leap, ///< J: the n-th day, 29 February not counted.
    day,         ///< The n-th day from 0 on, 29 February counted.
  };
  kind how = kind::weekday;
  std::uint16_t n = 0;
  std::uint8_t month = 0;
  std::uint8_t weekday = 0;
  std::chrono::seconds time = std::chrono::hours{2}; ///< Since local midnight; may be negative or beyond a day.
};

/// How clocks go on after the last listed change: the last line of a zone file (RFC 8536, section 3.3).
struct zone_rule {
  struct daylight_saving {
    std::chrono::seconds offset; ///< Local time minus UTC while it lasts.
    yearly_moment begin;         ///< By standard time.
    yearly_moment end;           ///< By daylight saving time.
  };
  std::chrono::seconds offset; ///< Local time minus UTC otherwise.
  std::optional<daylight_saving> daylight;
};

/// Reads such a line, e.g. "CET-1CEST,M3.5.0,M10.5.0/3". @returns nothing for anything else.
[[nodiscard]] std::optional<zone_rule> parse_zone_rule(std::string_view text);

/// When the clocks change in the years `first` to `last`, and the offset from then on; in order of time.
[[nodiscard]] std::vector<std::pair<timestamp, std::chrono::seconds>> changes_of(const zone_rule& rule, int first,
                                                                                 int last);

} // namespace penstock
