#include "runtime/calendar/zone_rule.hpp"

#include <algorithm>
#include <charconv>

namespace penstock {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;

/// Reads the parts of a rule from the front; each gives nothing, or false, if its part is not there.
class rule_reader {
public:
  explicit rule_reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool at(char c) const { return rest_.starts_with(c); }

  bool skip(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// "CET" or "<+1030>".
  bool skip_name() {
    std::size_t length = 0;
    if (at('<')) {
      length = rest_.find('>') + 1;
    } else {
      while (length < rest_.size() && is_letter(rest_[length])) ++length;
    }
    rest_.remove_prefix(length);
    return length >= 3;
  }

  std::optional<unsigned> number(unsigned low, unsigned high) {
    unsigned n = 0;
    const auto [end, ec] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), n);
    if (ec != std::errc{} || n < low || n > high) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return n;
  }

  /// "-10:30": hours, minutes and seconds.
  std::optional<seconds> time() {
    const bool negative = skip('-');
    if (!negative) skip('+');
    const auto hours = number(0, 167);
    if (!hours) return std::nullopt;
    seconds t = std::chrono::hours{*hours};
    for (unsigned unit = 60; unit > 0 && skip(':'); unit /= 60) {
      const auto n = number(0, 59);
      if (!n) return std::nullopt;
      t += seconds{*n * unit};
    }
    return negative ? -t : t;
  }

  std::optional<yearly_moment> moment() {
    yearly_moment out;
    if (skip('M')) {
      if (!month_week_day(out)) return std::nullopt;
    } else {
      const bool no_leap = skip('J');
      const auto n = number(no_leap ? 1 : 0, 365);
      if (!n) return std::nullopt;
      out.how = no_leap ? yearly_moment::kind::day_no_leap : yearly_moment::kind::day;
      out.n = static_cast<std::uint16_t>(*n);
    }
    if (skip('/')) {
      const auto t = time();
      if (!t) return std::nullopt;
      out.time = *t;
    }
    return out;
  }

private:
  static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

  bool month_week_day(yearly_moment& out) {
    const auto month = number(1, 12);
    if (!month || !skip('.')) return false;
    const auto week = number(1, 5);
    if (!week || !skip('.')) return false;
    const auto weekday = number(0, 6);
    if (!weekday) return false;
    out.month = static_cast<std::uint8_t>(*month);
    out.n = static_cast<std::uint16_t>(*week);
    out.weekday = static_cast<std::uint8_t>(*weekday);
    return true;
  }

  std::string_view rest_;
};

sys_days day_of(const yearly_moment& moment, std::chrono::year year) {
  const sys_days new_year{year / 1 / 1};
  switch (moment.how) {
    case yearly_moment::kind::weekday: {
      const auto month = year / std::chrono::month{moment.month};
      const std::chrono::weekday weekday{moment.weekday};
      return moment.n == 5 ? sys_days{month / weekday[std::chrono::last]} : sys_days{month / weekday[moment.n]};
    }
    case yearly_moment::kind::day_no_leap:
      return new_year + days{moment.n - 1 + (year.is_leap() && moment.n > 59 ? 1 : 0)};
    case yearly_moment::kind::day: return new_year + days{moment.n};
  }
  return new_year;
}

} // namespace

std::optional<zone_rule> parse_zone_rule(std::string_view text) {
  rule_reader reader{text};
  if (!reader.skip_name()) return std::nullopt;
  const auto behind = reader.time();
  if (!behind) return std::nullopt;
  // The text counts westwards.
  zone_rule rule{-*behind, std::nullopt};
  if (reader.at_end()) return rule;

  if (!reader.skip_name()) return std::nullopt;
  zone_rule::daylight_saving daylight{rule.offset + std::chrono::hours{1}, {}, {}};
  if (!reader.at(',')) {
    const auto daylight_behind = reader.time();
    if (!daylight_behind) return std::nullopt;
    daylight.offset = -*daylight_behind;
  }
  if (!reader.skip(',')) return std::nullopt;
  const auto begin = reader.moment();
  if (!begin || !reader.skip(',')) return std::nullopt;
  const auto end = reader.moment();
  if (!end || !reader.at_end()) return std::nullopt;
  daylight.begin = *begin;
  daylight.end = *end;
  rule.daylight = daylight;
  return rule;
}

std::vector<std::pair<timestamp, seconds>> changes_of(const zone_rule& rule, int first, int last) {
  std::vector<std::pair<timestamp, seconds>> changes;
  if (!rule.daylight) return changes;
  const auto& daylight = *rule.daylight;
  for (int y = first; y <= last; ++y) {
    const std::chrono::year year{y};
    changes.emplace_back(day_of(daylight.begin, year) + daylight.begin.time - rule.offset, daylight.offset);
    changes.emplace_back(day_of(daylight.end, year) + daylight.end.time - daylight.offset, rule.offset);
  }
  std::sort(changes.begin(), changes.end());
  return changes;
}

} // namespace penstock
