#include "actors/core/due_schedules.hpp"

#include <algorithm>
#include <iterator>

namespace penstock {

namespace {

constexpr std::ptrdiff_t fired_at_once = 32;

} // namespace

void due_schedules::add(std::map<uuid, std::vector<keys::timer>> by_pipeline) {
  for (std::ptrdiff_t from = 0; !by_pipeline.empty(); from += fired_at_once)
    for (auto entry = by_pipeline.begin(); entry != by_pipeline.end();) {
      const auto& timers = entry->second;
      const auto begin = timers.begin() + from;
      const auto end = begin + std::min(fired_at_once, timers.end() - begin);
      shares_.push_back({entry->first, {begin, end}});
      count(waiting_, end - begin);
      entry = end == timers.end() ? by_pipeline.erase(entry) : std::next(entry);
    }
}

std::optional<due_schedules::share> due_schedules::take(std::size_t firing_max) {
  if (shares_.empty() || firing_ >= firing_max) return std::nullopt;
  auto next = std::move(shares_.front());
  shares_.pop_front();
  count(waiting_, -std::ssize(next.timers));
  return next;
}

void due_schedules::count(std::size_t& which, std::ptrdiff_t more) {
  which += static_cast<std::size_t>(more);
  if (on_node_) *on_node_ += static_cast<std::size_t>(more);
}

} // namespace penstock
