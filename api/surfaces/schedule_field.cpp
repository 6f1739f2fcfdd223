#include "api/surfaces/schedule_field.hpp"

#include "runtime/calendar/schedule_rule.hpp"

namespace penstock {

std::optional<std::string> read_schedule(body_fields& fields, std::string_view name) {
  auto text = fields.text(name, {.bytes_max = 256});
  if (!text) return std::nullopt;
  const auto parsed = parse_cron(*text);
  if (!parsed) {
    for (const auto& p : parsed.error().problems) fields.wrong(name, p.message);
    return std::nullopt;
  }
  // What never comes due by any zone's clocks is refused as a schedule refuses it; in UTC any day will do to find out.
  schedule_rule rule;
  rule.cron = *parsed;
  const auto problems = check_rule(rule, timestamp{});
  for (const auto& p : problems) fields.wrong(name, p.message);
  if (!problems.empty()) return std::nullopt;
  return text;
}

} // namespace penstock
