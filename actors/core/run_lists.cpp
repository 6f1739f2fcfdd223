#include "actors/core/run_lists.hpp"

#include "storage/counter_cache.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

constexpr std::array levels_of_workspace{keys::by_day, keys::by_hour, keys::by_minute, keys::by_second};
constexpr std::array levels_of_pipeline{keys::by_hour, keys::by_second};

/// So many entries are stepped through sooner than counters are asked how to pass them.
constexpr std::uint64_t short_way = 512;

timestamp unit_before(timestamp t, milliseconds unit) { return t - t.time_since_epoch() % unit; }
timestamp unit_behind(timestamp t, milliseconds unit) { return unit_before(t + unit - milliseconds{1}, unit); }

timestamp held(timestamp t) { return std::clamp(t, timestamp{}, keys::end_of_time); }

/// Counters whose sum is the number of runs in that status.
template <class BaseOf>
std::vector<run_lane::counted> counted_in(std::optional<run_status> status, BaseOf base_of) {
  if (!status) return {{base_of(keys::any_status), 1}};
  if (*status != run_status::running) return {{base_of(static_cast<std::uint8_t>(*status)), 1}};
  std::vector<run_lane::counted> out{{base_of(keys::any_status), 1}};
  for (const auto other : {run_status::pending, run_status::succeeded, run_status::failed, run_status::cancelled})
    out.push_back({base_of(static_cast<std::uint8_t>(other)), -1});
  return out;
}

/// Runs under way come and go, so that what they leave behind in the index outnumbers them.
bool comes_and_goes(std::optional<run_status> status) { return status && !is_terminal(*status); }

} // namespace

run_lists::run_lists(const state_reader& state, std::vector<run_lane> lanes, std::span<const keys::time_level> levels,
                     std::optional<timestamp> from, std::optional<timestamp> to)
    : state_(state), lanes_(std::move(lanes)),
      levels_(levels), range_{held(from.value_or(timestamp{})), to ? held(*to + milliseconds{1}) : keys::end_of_time},
      bounded_(from || to) {}

std::uint64_t run_lists::total() const {
  std::int64_t sum = 0;
  if (bounded_) {
    sum = count(range_, 0);
  } else {
    for (const auto& lane : lanes_)
      for (const auto& c : lane.counts) sum += c.sign * state_.counter(family::counters, level_key(c.base, {}, 0));
  }
  return static_cast<std::uint64_t>(std::max<std::int64_t>(sum, 0));
}

std::vector<run_id> run_lists::page_of(page which) const {
  cursor at{which.offset, which.limit, {}, which.limit == 0};
  walk(range_, 0, at);
  return std::move(at.out);
}

std::vector<std::pair<timestamp, std::int64_t>> run_lists::units(const keys::time_level& level,
                                                                 span_of_time range) const {
  std::map<timestamp, std::int64_t> found;
  for (const auto& lane : lanes_)
    for (const auto& c : lane.counts) add_units(state_, c, level, range.begin, range.end, found);
  std::vector<std::pair<timestamp, std::int64_t>> out;
  for (auto it = found.rbegin(); it != found.rend(); ++it)
    if (it->second > 0) out.push_back(*it);
  return out;
}

std::int64_t run_lists::count(span_of_time range, std::size_t level) const {
  if (range.begin >= range.end) return 0;
  if (level == levels_.size()) return count_part(range);
  const auto unit = levels_[level].unit;
  const auto first = unit_behind(range.begin, unit);
  const auto last = unit_before(range.end, unit);
  if (first > last) return count(range, level + 1);
  std::int64_t sum = count({range.begin, first}, level + 1) + count({last, range.end}, level + 1);
  if (first < last)
    for (const auto& [begin, runs] : units(levels_[level], {first, last})) sum += runs;
  return sum;
}

std::int64_t run_lists::count_part(span_of_time range) const {
  const auto& finest = levels_.back();
  const auto begin = unit_before(range.begin, finest.unit);
  const auto end = begin + finest.unit;
  if (range.end - range.begin <= finest.unit / 2) return count_entries(range);
  // The rest of the unit is less to step through.
  std::int64_t sum = 0;
  for (const auto& [at, runs] : units(finest, {begin, end})) sum += runs;
  return sum - count_entries({begin, range.begin}) - count_entries({range.end, end});
}

std::int64_t run_lists::count_entries(span_of_time range) const {
  std::int64_t sum = 0;
  for (const auto& lane : lanes_)
    scan(lane, range, [&](std::string_view) {
      ++sum;
      return true;
    });
  return sum;
}

void run_lists::walk(span_of_time range, std::size_t level, cursor& at) const {
  if (at.done || range.begin >= range.end) return;
  if (!gaps_ && at.skip <= short_way) {
    // Everything older that may be wanted, too.
    take({range_.begin, range.end}, at);
    at.done = true;
    return;
  }
  if (level == levels_.size()) return take(range, at);
  const auto unit = levels_[level].unit;
  const auto first = unit_behind(range.begin, unit);
  const auto last = unit_before(range.end, unit);
  if (first > last) return walk(range, level + 1, at);
  walk({last, range.end}, level + 1, at);
  if (first < last && !at.done)
    for (const auto& [begin, runs] : units(levels_[level], {first, last})) {
      if (at.skip >= static_cast<std::uint64_t>(runs)) at.skip -= static_cast<std::uint64_t>(runs);
      else walk({begin, begin + unit}, level + 1, at);
      if (at.done) return;
    }
  walk({range.begin, first}, level + 1, at);
}

void run_lists::take(span_of_time range, cursor& at) const {
  const bool alone = lanes_.size() == 1; // Then what is skipped need not be kept to be put in order first.
  const auto most = alone ? at.want : at.skip + at.want;
  std::vector<uuid> found;
  for (const auto& lane : lanes_) {
    std::uint64_t taken = 0;
    scan(lane, range, [&](std::string_view key) {
      if (alone && at.skip > 0) {
        --at.skip;
        return true;
      }
      found.push_back(keys::turned_id(key));
      return ++taken < most;
    });
  }
  const auto begin = std::min<std::uint64_t>(at.skip, found.size());
  const auto end = std::min<std::uint64_t>(begin + at.want, found.size());
  // What is skipped need not be in order, only out of the way.
  const auto first = found.begin() + static_cast<std::ptrdiff_t>(begin);
  std::nth_element(found.begin(), first, found.end(), std::greater<>{});
  std::partial_sort(first, found.begin() + static_cast<std::ptrdiff_t>(end), found.end(), std::greater<>{});
  for (auto i = begin; i < end; ++i) at.out.push_back(run_id{found[i]});
  at.skip -= begin;
  at.want -= end - begin;
  at.done = at.want == 0;
}

void run_lists::scan(const run_lane& lane, span_of_time range,
                     const std::function<bool(std::string_view key)>& visit) const {
  if (range.begin >= range.end) return;
  const auto begin =
    range.end == keys::end_of_time ? lane.prefix : keys::turned_from(lane.prefix, range.end - milliseconds{1});
  const auto end = range.begin == timestamp{} ? keys::behind(lane.prefix)
                                              : keys::turned_from(lane.prefix, range.begin - milliseconds{1});
  state_.scan(family::index, begin, end, [&](std::string_view key, std::string_view) { return visit(key); });
}

run_lists runs_of_workspace(const state_reader& state, partition_id partitions, workspace_id owner,
                            const run_filter& filter) {
  std::vector<run_lane> lanes;
  for (partition_id p = 1; p <= partitions; ++p)
    lanes.push_back(
      {filter.status ? keys::run_by_status_prefix(p, owner, *filter.status)
                     : keys::index_prefix(p, keys::index_kind::runs_of_workspace, owner.raw),
       counted_in(filter.status, [&](std::uint8_t s) { return keys::run_births_of_workspace(p, owner, s); })});
  run_lists out{state, std::move(lanes), levels_of_workspace, filter.from, filter.to};
  if (comes_and_goes(filter.status)) out.expect_gaps();
  return out;
}

run_lists runs_of_pipeline(const state_reader& state, partition_id p, const run_filter& filter) {
  const auto owner = *filter.pipeline;
  run_lane lane;
  if (!filter.status) lane.prefix = keys::index_prefix(p, keys::index_kind::runs_of_pipeline, owner.raw);
  else if (*filter.status == run_status::running)
    lane.prefix = keys::index_prefix(p, keys::index_kind::active_runs, owner.raw);
  else lane.prefix = keys::ended_run_prefix(p, owner, *filter.status);
  lane.counts = counted_in(filter.status, [&](std::uint8_t s) { return keys::run_births_of_pipeline(p, owner, s); });
  run_lists out{state, {std::move(lane)}, levels_of_pipeline, filter.from, filter.to};
  if (comes_and_goes(filter.status)) out.expect_gaps();
  return out;
}

std::map<run_status, std::uint64_t> count_by_status(const state_reader& state, partition_id partitions) {
  std::map<run_status, std::uint64_t> out;
  for (const auto status :
       {run_status::pending, run_status::running, run_status::succeeded, run_status::failed, run_status::cancelled}) {
    std::int64_t sum = 0;
    for (partition_id p = 1; p <= partitions; ++p)
      for (const auto& c : counted_in(status, [p](std::uint8_t s) { return keys::runs_of_partition(p, s); }))
        sum += c.sign * state.counter(family::counters, level_key(c.base, {}, 0));
    out[status] = static_cast<std::uint64_t>(std::max<std::int64_t>(sum, 0));
  }
  return out;
}

void add_units(const state_reader& state, const run_lane::counted& what, const keys::time_level& level, timestamp begin,
               timestamp end, std::map<timestamp, std::int64_t>& into) {
  if (begin >= end) return;
  // Newest first in the store, so the last unit is where the scan begins.
  const auto first = level_key(what.base, keys::time_detail(end - milliseconds{1}), level.bytes);
  const auto last = keys::behind(level_key(what.base, keys::time_detail(begin), level.bytes));
  state.scan(family::counters, first, last, [&](std::string_view key, std::string_view bytes) {
    const auto at = keys::time_of_detail(key.substr(what.base.size() + 1));
    into[at] += what.sign * decode_counter(bytes).value_or(0);
    return true;
  });
}

} // namespace penstock
