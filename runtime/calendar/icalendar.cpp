#include "runtime/calendar/icalendar.hpp"

#include "runtime/model/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace penstock {
namespace {

constexpr std::size_t quoted_bytes_max = 40;
constexpr std::chrono::days duration_max{10'000};
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_name(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!good) return false;
  }
  return true;
}

/// A number of one digit or more, at most nine.
std::optional<int> whole_number(std::string_view text) noexcept {
  int n = 0;
  if (text.empty() || text.size() > 9 || text.front() == '-') return std::nullopt;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

/// A line as it counts, its folds joined.
struct logical_line {
  std::string text;
  std::uint32_t number;
};

std::vector<logical_line> unfold(std::string_view text) {
  std::vector<logical_line> lines;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    auto line = take_part(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool fold = line.starts_with(' ') || line.starts_with('\t');
    if (fold && !lines.empty()) lines.back().text += line.substr(1);
    else if (!line.empty()) lines.push_back({std::string{line}, number});
  }
  return lines;
}

/// Where `c` first stands outside of quotes.
std::size_t find_unquoted(std::string_view text, std::string_view any) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    else if (!quoted && any.find(text[i]) != std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

std::optional<ical_property> parse_line(const logical_line& line) {
  std::string_view rest = line.text;
  const auto name_end = rest.find_first_of(":;");
  if (name_end == std::string_view::npos || !is_name(rest.substr(0, name_end))) return std::nullopt;
  ical_property property{in_capitals(rest.substr(0, name_end)), {}, {}, line.number};
  rest.remove_prefix(name_end);
  while (rest.starts_with(';')) {
    rest.remove_prefix(1);
    const auto end = find_unquoted(rest, ":;");
    const auto equals = rest.find('=');
    if (end == std::string_view::npos || equals >= end || !is_name(rest.substr(0, equals))) return std::nullopt;
    auto value = rest.substr(equals + 1, end - equals - 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    property.parameters.emplace_back(in_capitals(rest.substr(0, equals)), value);
    rest.remove_prefix(end);
  }
  property.value = rest.substr(1);
  return property;
}

/// Seconds of one of the units of a duration; 0 if it may not stand there.
int seconds_in(char unit, bool in_time) noexcept {
  switch (unit) {
    case 'W': return in_time ? 0 : 7 * 86'400;
    case 'D': return in_time ? 0 : 86'400;
    case 'H': return in_time ? 3'600 : 0;
    case 'M': return in_time ? 60 : 0;
    case 'S': return in_time ? 1 : 0;
    default: return 0;
  }
}

} // namespace

std::string_view ical_property::parameter(std::string_view wanted) const noexcept {
  for (const auto& [key, text] : parameters)
    if (key == wanted) return text;
  return {};
}

std::string in_capitals(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string_view take_part(std::string_view& text, char separator) noexcept {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::vector<ical_property> read_ical_lines(std::string_view text, std::vector<problem>& problems) {
  std::vector<ical_property> properties;
  for (const auto& line : unfold(text)) {
    if (find_invalid_utf8(line.text) != std::string_view::npos) {
      problems.push_back({"", "the text is not valid UTF-8", line.number, 0});
    } else if (auto property = parse_line(line)) {
      properties.push_back(std::move(*property));
    } else {
      std::size_t shown = std::min(line.text.size(), quoted_bytes_max);
      while (shown < line.text.size() && (line.text[shown] & 0xC0) == 0x80) ++shown;
      problems.push_back({"", "expected NAME:value, not \"" + line.text.substr(0, shown) + "\"", line.number, 0});
    }
  }
  return properties;
}

std::optional<ical_time> parse_ical_time(std::string_view text) noexcept {
  if (text.ends_with('Z')) {
    text.remove_suffix(1);
    if (text.size() == 8) return std::nullopt;
  }
  if (text.size() != 8 && (text.size() != 15 || text[8] != 'T')) return std::nullopt;
  const auto year = whole_number(text.substr(0, 4));
  const auto month = whole_number(text.substr(4, 2));
  const auto day = whole_number(text.substr(6, 2));
  if (!year || !month || !day) return std::nullopt;
  const auto date = std::chrono::year{*year} / *month / *day;
  if (!date.ok() || *year < 1) return std::nullopt;
  const std::chrono::local_seconds midnight{std::chrono::local_days{date}};
  if (text.size() == 8) return ical_time{midnight, true};
  const auto hour = whole_number(text.substr(9, 2));
  const auto minute = whole_number(text.substr(11, 2));
  const auto second = whole_number(text.substr(13, 2));
  if (!hour || *hour > 23 || !minute || *minute > 59 || !second || *second > 60) return std::nullopt;
  return ical_time{midnight + std::chrono::seconds{*hour * 3'600 + *minute * 60 + *second}, false};
}

std::optional<std::chrono::seconds> parse_ical_duration(std::string_view text) noexcept {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (!text.starts_with('P') || text.size() < 3) return std::nullopt;
  text.remove_prefix(1);
  std::chrono::seconds total{0};
  bool in_time = false;
  while (!text.empty()) {
    if (text.front() == 'T' && !in_time) {
      in_time = true;
      text.remove_prefix(1);
      if (text.empty()) return std::nullopt;
    }
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto n = whole_number(text.substr(0, digits));
    const int unit = digits < text.size() ? seconds_in(text[digits], in_time) : 0;
    if (!n || unit == 0) return std::nullopt;
    total += std::chrono::seconds{std::int64_t{*n} * unit};
    if (total > duration_max) return std::nullopt;
    text.remove_prefix(digits + 1);
  }
  return total;
}

std::string unescape_ical_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      c = text[++i];
      if (c == 'n' || c == 'N') c = ' ';
    }
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

} // namespace penstock
