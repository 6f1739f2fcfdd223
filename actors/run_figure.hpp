#pragma once

#include "runtime/model/time.hpp"

#include <cstdint>

namespace penstock {

/// What is counted of a workspace's runs over time. What happened stays counted when a pipeline is deleted.
enum class run_figure : std::uint8_t {
  completed, ///< Succeeded, by the time of the end.
  failed,    ///< By the time of the end.
  started,   ///< Asked for, by the time in the run's id; how it ended does not matter.
  bytes,     ///< Of all outputs, by the time of the end.
};

/// What one point stands for. All of them are in UTC; weeks begin on Monday, as in ISO 8601.
enum class figure_interval : std::uint8_t { hour, day, week };

/// A figure over a range of time. Both ends belong to it, and the hours they lie in count whole.
struct figure_query {
  run_figure what = run_figure::completed;
  figure_interval interval = figure_interval::day;
  timestamp from;
  timestamp to; ///< Not before `from`.
};

struct figure_point {
  timestamp at;           ///< Where its interval begins, which may be before the range.
  std::int64_t count = 0; ///< Of the interval's hours that lie in the range.

  friend bool operator==(const figure_point&, const figure_point&) = default;
};

/// What can be counted lies in [figures_begin, figures_end).
inline constexpr timestamp figures_begin{};
inline constexpr timestamp figures_end{std::chrono::days{65'536}};

/// How many points one question may have: more than a year of hours.
inline constexpr std::uint64_t figure_points_max = 10'000;

/// The beginning of the interval that `t` lies in.
[[nodiscard]] timestamp interval_begin(figure_interval interval, timestamp t) noexcept;
[[nodiscard]] milliseconds length_of(figure_interval interval) noexcept;
/// How many points the answer to `query` has.
[[nodiscard]] std::uint64_t point_count(const figure_query& query) noexcept;

} // namespace penstock
