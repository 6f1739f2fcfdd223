#include "actors/run_figure.hpp"

namespace penstock {

timestamp interval_begin(figure_interval interval, timestamp t) noexcept {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  switch (interval) {
    case figure_interval::hour: return std::chrono::floor<std::chrono::hours>(t);
    case figure_interval::day: return day;
    case figure_interval::week: return day - (std::chrono::weekday{day} - std::chrono::Monday);
  }
  return day;
}

milliseconds length_of(figure_interval interval) noexcept {
  switch (interval) {
    case figure_interval::hour: return std::chrono::hours{1};
    case figure_interval::day: return std::chrono::days{1};
    case figure_interval::week: return std::chrono::weeks{1};
  }
  return std::chrono::days{1};
}

std::uint64_t point_count(const figure_query& query) noexcept {
  const auto first = interval_begin(query.interval, query.from);
  const auto last = interval_begin(query.interval, query.to);
  return static_cast<std::uint64_t>((last - first) / length_of(query.interval)) + 1;
}

} // namespace penstock
