#include "api/surfaces/schedule_field.hpp"

#include "runtime/calendar/cron_syntax.hpp"

namespace penstock {

std::optional<std::string> read_schedule(body_fields& fields, std::string_view name) {
  auto text = fields.text(name, {.bytes_max = 256});
  if (!text) return std::nullopt;
  const auto parsed = parse_cron(*text);
  if (parsed) return text;
  for (const auto& p : parsed.error().problems) fields.wrong(name, p.message);
  return std::nullopt;
}

} // namespace penstock
