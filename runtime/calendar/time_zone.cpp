#include "runtime/calendar/time_zone.hpp"

#include "runtime/calendar/zone_files.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

namespace penstock {
namespace {

const zone_table& utc_table() {
  static const zone_table table{"UTC", {first_period(milliseconds{0})}};
  return table;
}

/// The tables read so far; they stay, since handles point to them, and there are no more than the database has zones.
class zone_cache {
public:
  const zone_table* find(std::string_view name) const {
    const std::shared_lock lock{mutex_};
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : found->second.get();
  }

  /// Of two threads that read the same zone the first one's table stays.
  const zone_table* keep(zone_table table) {
    auto name = table.name;
    const std::lock_guard lock{mutex_};
    return tables_.try_emplace(std::move(name), std::make_unique<const zone_table>(std::move(table)))
      .first->second.get();
  }

private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<const zone_table>, std::less<>> tables_;
};

zone_cache& cache() {
  static zone_cache zones;
  return zones;
}

} // namespace

time_zone::time_zone() : table_(&utc_table()) {}

const std::string& time_zone::name() const noexcept { return table_->name; }

std::span<const zone_period> time_zone::periods() const noexcept { return table_->periods; }

std::size_t time_zone::period_at(timestamp t) const noexcept {
  const auto& periods = table_->periods;
  const auto later = std::upper_bound(periods.begin() + 1, periods.end(), t,
                                      [](timestamp at, const zone_period& period) { return at < period.begin; });
  return static_cast<std::size_t>(later - periods.begin()) - 1;
}

local_timestamp time_zone::to_local(timestamp t) const noexcept {
  return local_timestamp{t.time_since_epoch() + table_->periods[period_at(t)].offset};
}

local_days time_zone::local_date(timestamp t) const noexcept {
  return std::chrono::floor<std::chrono::days>(to_local(t));
}

timestamp time_zone::first_passing(local_timestamp local) const noexcept {
  const auto& periods = table_->periods;
  const auto later =
    std::upper_bound(periods.begin() + 1, periods.end(), local,
                     [](local_timestamp at, const zone_period& period) { return at < period.reached; });
  const auto& period = *(later - 1);
  return std::max(period.begin, timestamp{local.time_since_epoch() - period.offset});
}

timestamp time_zone::start_of_day(local_days date) const noexcept { return first_passing(local_timestamp{date}); }

result<time_zone> find_time_zone(std::string_view name) {
  if (name == "UTC") return time_zone{};
  if (const auto* table = cache().find(name)) return time_zone{*table};
  auto table = read_zone(name);
  if (!table) return unexpected(std::move(table).error());
  return time_zone{*cache().keep(std::move(*table))};
}

} // namespace penstock
