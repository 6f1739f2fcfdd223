#include "runtime/calendar/intervals.hpp"

#include "runtime/calendar/working_days.hpp"

#include <algorithm>
#include <string>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;

constexpr std::size_t quoted_bytes_max = 64;

std::string quoted(std::string_view text) { return "\"" + std::string{text.substr(0, quoted_bytes_max)} + "\""; }

unexpected<error> wrong(std::string_view field, const std::string& message) {
  return unexpected(error{errc::invalid_argument, message, {problem{std::string{field}, message}}});
}

unexpected<error> unreadable(std::string_view field, std::string_view text) {
  return wrong(field, std::string{field} + " must be a date such as \"2025-11-01\" or a time such as " +
                        "\"2025-11-01T06:00:00Z\", not " + quoted(text));
}

unexpected<error> out_of_order(const interval_request& request) {
  if (request.from == request.to) return wrong("from", request.zone.name() + " has no " + quoted(request.from));
  return wrong("from", "from " + quoted(request.from) + " lies after to " + quoted(request.to));
}

unexpected<error> too_many(std::uint64_t size) {
  return wrong("to", "there may be at most " + std::to_string(intervals_max) + " intervals, not " +
                       std::to_string(size) + "; choose a shorter range or a coarser granularity");
}

/// One end of a request: the time it stands for, or the first moments of its date and of the day after.
struct range_end {
  timestamp begin;
  std::optional<timestamp> day_end;
};

std::optional<range_end> parse_end(std::string_view text, const time_zone& zone) {
  if (const auto date = parse_date(text))
    return range_end{zone.start_of_day(*date), zone.start_of_day(*date + days{1})};
  if (const auto t = parse_rfc3339(text)) return range_end{*t, std::nullopt};
  return std::nullopt;
}

/// `start` and n months, the day brought into the month.
local_timestamp plus_months(local_timestamp start, std::int64_t n) {
  const auto date = floor<days>(start);
  const std::chrono::year_month_day ymd{date};
  const auto month = ymd.year() / ymd.month() + std::chrono::months{n};
  const auto last = (month / std::chrono::last).day();
  return local_days{month / std::min(ymd.day(), last)} + (start - date);
}

/// How many intervals begin between the local times `from` and `to`, give or take one.
std::uint64_t estimate(granularity each, local_timestamp from, local_timestamp to) {
  const auto length = std::max(to - from, milliseconds{0});
  switch (each) {
    case granularity::hourly: return static_cast<std::uint64_t>(length / hours{1});
    case granularity::daily: return static_cast<std::uint64_t>(length / days{1});
    case granularity::weekly: return static_cast<std::uint64_t>(length / days{7});
    case granularity::monthly: break;
  }
  const std::chrono::year_month_day first{floor<days>(from)};
  const std::chrono::year_month_day last{floor<days>(to)};
  return static_cast<std::uint64_t>(
    std::max<std::int64_t>(0, (last.year() / last.month() - first.year() / first.month()).count()));
}

} // namespace

timestamp backfill_intervals::start_of(std::uint64_t n) const noexcept {
  const auto k = static_cast<std::int64_t>(n);
  if (n == 0) return first_;
  switch (each_) {
    case granularity::hourly: return first_ + hours{k};
    case granularity::daily: return zone_.first_passing(local_first_ + days{k});
    case granularity::weekly: return zone_.first_passing(local_first_ + days{7 * k});
    case granularity::monthly: break;
  }
  return zone_.first_passing(plus_months(local_first_, k));
}

time_span backfill_intervals::operator[](std::uint64_t n) const noexcept {
  const auto end = start_of(n + 1);
  return {start_of(n), cut_ ? std::min(end, *cut_) : end};
}

result<backfill_intervals> backfill_intervals::make(const interval_request& request) {
  const auto from = parse_end(request.from, request.zone);
  if (!from) return unreadable("from", request.from);
  const auto to = parse_end(request.to, request.zone);
  if (!to) return unreadable("to", request.to);
  const auto last = to->day_end ? *to->day_end - 1ms : to->begin;
  if (from->begin > last) return out_of_order(request);

  backfill_intervals out;
  out.each_ = request.each;
  out.zone_ = request.zone;
  out.first_ = from->begin;
  out.local_first_ = request.zone.to_local(from->begin);
  out.cut_ = to->day_end;
  out.size_ = estimate(request.each, out.local_first_, request.zone.to_local(last)) + 1;
  // The clocks may have changed in between.
  while (out.size_ > 1 && out.start_of(out.size_ - 1) > last) --out.size_;
  while (out.start_of(out.size_) <= last) ++out.size_;
  if (out.size_ > intervals_max) return too_many(out.size_);
  return out;
}

} // namespace penstock
