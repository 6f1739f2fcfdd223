#include "runtime/calendar/cron_syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace penstock {
namespace {

constexpr std::size_t text_bytes_max = 256;

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct field_rule {
  std::string_view name;
  unsigned low;
  unsigned high;
  std::span<const std::string_view> names; ///< The first stands for `low`.
};

constexpr std::array<field_rule, 5> rules{
  field_rule{"minute", 0, 59, {}},
  field_rule{"hour", 0, 23, {}},
  field_rule{"day of month", 1, 31, {}},
  field_rule{"month", 1, 12, month_names},
  field_rule{"day of week", 0, 7, weekday_names},
};

std::string quoted(std::string_view text) { return "\"" + std::string{text} + "\""; }

std::string allowed(const field_rule& rule) {
  auto text = std::to_string(rule.low) + " to " + std::to_string(rule.high);
  if (!rule.names.empty())
    text += " or a name (" + std::string{rule.names.front()} + " to " + std::string{rule.names.back()} + ")";
  return text;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::optional<unsigned> whole_number(std::string_view text) {
  unsigned n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

/// Reads the parts of one field; stops at the first mistake.
class field_parser {
public:
  explicit field_parser(const field_rule& rule) : rule_(rule) {}

  /// The set, or nothing with the reason in `why()`.
  std::optional<std::uint64_t> parse(std::string_view text) {
    std::uint64_t set = 0;
    for (;;) {
      const auto comma = text.find(',');
      const auto part = parse_part(text.substr(0, comma));
      if (!part) return std::nullopt;
      set |= *part;
      if (comma == std::string_view::npos) return set;
      text.remove_prefix(comma + 1);
    }
  }

  [[nodiscard]] const std::string& why() const noexcept { return why_; }

private:
  std::optional<std::uint64_t> parse_part(std::string_view part) {
    unsigned step = 1;
    const auto slash = part.find('/');
    auto base = part.substr(0, slash);
    if (slash != std::string_view::npos) {
      const auto given = whole_number(part.substr(slash + 1));
      if (!given || *given == 0 || *given > rule_.high)
        return wrong("the step of " + quoted(part) + " must be 1 to " + std::to_string(rule_.high));
      step = *given;
    }
    if (base.empty())
      return wrong(part.empty() ? "an entry is empty" : "there is nothing before \"/\" in " + quoted(part));
    unsigned first = rule_.low;
    unsigned last = rule_.high;
    if (base != "*") {
      const auto dash = base.find('-');
      const auto from = number_or_name(base.substr(0, dash));
      if (!from) return std::nullopt;
      first = *from;
      if (dash != std::string_view::npos) {
        auto to = number_or_name(base.substr(dash + 1));
        if (!to) return std::nullopt;
        // "fri-sun": Sunday ends a week that began on another day.
        if (*to == 0 && first > 0 && rule_.high == 7) to = 7;
        last = *to;
        if (last < first) return wrong("the range " + quoted(base) + " runs backwards");
      } else if (slash == std::string_view::npos) {
        last = first;
      }
    }
    std::uint64_t set = 0;
    for (unsigned n = first; n <= last; n += step) set |= std::uint64_t{1} << n;
    return set;
  }

  std::optional<unsigned> number_or_name(std::string_view text) {
    for (std::size_t i = 0; i < rule_.names.size(); ++i)
      if (equal_ignoring_case(text, rule_.names[i])) return rule_.low + static_cast<unsigned>(i);
    const auto n = whole_number(text);
    if (n && *n >= rule_.low && *n <= rule_.high) return n;
    wrong((text.empty() ? "a value is missing; it" : quoted(text) + " is not possible; a value") + " must be " +
          allowed(rule_));
    return std::nullopt;
  }

  std::nullopt_t wrong(std::string reason) {
    why_ = std::move(reason);
    return std::nullopt;
  }

  const field_rule& rule_;
  std::string why_;
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return parts;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

unexpected<error> malformed(std::string message) {
  return unexpected(error{errc::invalid_argument, message, {problem{"", message}}});
}

/// False for a day of month that none of the months has.
bool days_exist(const cron_fields& f) {
  constexpr std::array<unsigned, 13> longest{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= 12; ++month) {
    if (!(f.months >> month & 1)) continue;
    for (unsigned day = 1; day <= longest[month]; ++day)
      if (f.days >> day & 1) return true;
  }
  return false;
}

} // namespace

result<cron_fields> parse_cron(std::string_view text) {
  if (text.size() > text_bytes_max) return malformed("a cron expression has at most 256 characters");
  const auto parts = split(text);
  if (!parts.empty() && parts.front().front() == '@')
    return malformed(quoted(parts.front()) +
                     " is not supported; write five fields, for example \"0 0 * * *\" for every midnight");
  if (parts.size() != rules.size())
    return malformed("a cron expression has five fields (minute hour day-of-month month day-of-week), not " +
                     std::to_string(parts.size()));

  std::array<std::uint64_t, 5> sets{};
  std::vector<problem> problems;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    field_parser parser{rules[i]};
    if (const auto set = parser.parse(parts[i])) sets[i] = *set;
    else problems.push_back({std::string{rules[i].name}, std::string{rules[i].name} + ": " + parser.why()});
  }
  if (!problems.empty()) {
    auto message = problems.front().message;
    for (std::size_t i = 1; i < problems.size(); ++i) message += "; " + problems[i].message;
    return unexpected(error{errc::invalid_argument, std::move(message), std::move(problems)});
  }

  cron_fields out;
  out.minutes = sets[0];
  out.hours = static_cast<std::uint32_t>(sets[1]);
  out.days = static_cast<std::uint32_t>(sets[2]);
  out.months = static_cast<std::uint16_t>(sets[3]);
  out.weekdays = static_cast<std::uint8_t>((sets[4] | sets[4] >> 7) & 0x7f);
  out.days_restricted = parts[2] != "*";
  out.weekdays_restricted = parts[4] != "*";
  if (!out.weekdays_restricted && !days_exist(out))
    return malformed("no month of the expression has such a day, so it would never fire");
  return out;
}

} // namespace penstock
