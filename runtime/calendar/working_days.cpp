#include "runtime/calendar/working_days.hpp"

#include <algorithm>
#include <charconv>

namespace penstock {
namespace {

/// A number of exactly `digits` digits.
std::optional<int> digits_at(std::string_view text, std::size_t begin, std::size_t digits) noexcept {
  int n = 0;
  const char* const first = text.data() + begin;
  const auto [end, ec] = std::from_chars(first, first + digits, n);
  if (ec != std::errc{} || end != first + digits || n < 0) return std::nullopt;
  return n;
}

std::string padded(unsigned n, std::size_t digits) {
  auto text = std::to_string(n);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

bool by_date(const holiday& a, const holiday& b) noexcept { return a.date < b.date; }

} // namespace

bool is_on_weekday(local_days date, std::uint8_t weekdays) noexcept {
  return weekdays >> std::chrono::weekday{date}.c_encoding() & 1;
}

std::optional<local_days> parse_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits_at(text, 0, 4);
  const auto month = digits_at(text, 5, 2);
  const auto day = digits_at(text, 8, 2);
  if (!year || !month || !day) return std::nullopt;
  const auto date = std::chrono::year{*year} / *month / *day;
  if (!date.ok()) return std::nullopt;
  return local_days{date};
}

std::string to_text(local_days date) {
  const std::chrono::year_month_day ymd{date};
  return padded(static_cast<unsigned>(static_cast<int>(ymd.year())), 4) + "-" +
         padded(static_cast<unsigned>(ymd.month()), 2) + "-" + padded(static_cast<unsigned>(ymd.day()), 2);
}

holiday_calendar::holiday_calendar(std::vector<holiday> days) : days_(std::move(days)) {
  std::stable_sort(days_.begin(), days_.end(), by_date);
  const auto same_date = [](const holiday& a, const holiday& b) { return a.date == b.date; };
  days_.erase(std::unique(days_.begin(), days_.end(), same_date), days_.end());
}

bool holiday_calendar::contains(local_days date) const noexcept {
  const auto found = std::lower_bound(days_.begin(), days_.end(), date,
                                      [](const holiday& day, local_days wanted) { return day.date < wanted; });
  return found != days_.end() && found->date == date;
}

} // namespace penstock
