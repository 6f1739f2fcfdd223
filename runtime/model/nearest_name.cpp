#include "runtime/model/nearest_name.hpp"

#include "runtime/model/ascii.hpp"

#include <algorithm>
#include <cstddef>

namespace penstock {

namespace {

constexpr std::size_t name_bytes_max = 64; // Longer ones are no typing mistakes, and the comparison is quadratic.
constexpr std::size_t part_bytes_min = 4;  // Of one name within another.

/// Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours, capitals aside.
std::size_t distance(std::string_view a, std::string_view b) {
  std::size_t rows[3][name_bytes_max + 1];
  std::size_t* before = rows[0];
  std::size_t* last = rows[1];
  std::size_t* now = rows[2];
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower_ascii(a[i - 1]) == lower_ascii(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower_ascii(a[i - 1]) == lower_ascii(b[j - 2]) &&
                           lower_ascii(a[i - 2]) == lower_ascii(b[j - 1]);
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

bool begins_or_ends_with(std::string_view whole, std::string_view part) {
  if (part.size() < part_bytes_min || part.size() >= whole.size()) return false;
  return same_but_for_case(whole.substr(0, part.size()), part) ||
         same_but_for_case(whole.substr(whole.size() - part.size()), part);
}

/// The only one that has `name` as its beginning or end.
std::string_view only_longer(std::string_view name, const std::vector<std::string_view>& known) {
  std::string_view found;
  for (const std::string_view candidate : known) {
    if (!begins_or_ends_with(candidate, name)) continue;
    if (!found.empty()) return {};
    found = candidate;
  }
  return found;
}

} // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string_view>& known) {
  if (name.empty() || name.size() > name_bytes_max) return {};
  // Every third character may be wrong, so that short names do not resemble everything.
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string_view found;
  for (const std::string_view candidate : known) {
    if (candidate.size() > name_bytes_max) continue;
    const std::size_t apart =
      candidate.size() > name.size() ? candidate.size() - name.size() : name.size() - candidate.size();
    if (apart >= best) continue;
    const std::size_t d = distance(name, candidate);
    // A name that shares no more than its length is none.
    if (d < best && d < std::max(name.size(), candidate.size())) {
      best = d;
      found = candidate;
    }
  }
  return std::string{found.empty() ? only_longer(name, known) : found};
}

} // namespace penstock
