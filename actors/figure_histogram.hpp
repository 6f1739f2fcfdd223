#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace penstock {

/// How often something took how long, in seconds. Bounds are shared by all, so that histograms can be added up.
struct figure_histogram {
  static constexpr std::array<double, 15> bounds{0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 7.5, 10, 30, 60, 300};

  std::array<std::uint64_t, bounds.size() + 1> counts{}; ///< Not summed up; the last one is beyond all bounds.
  double sum = 0;

  void add(double seconds) {
    std::size_t place = 0;
    while (place < bounds.size() && seconds > bounds[place]) ++place;
    ++counts[place];
    sum += seconds;
  }
  figure_histogram& operator+=(const figure_histogram& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
    return *this;
  }
};

} // namespace penstock
