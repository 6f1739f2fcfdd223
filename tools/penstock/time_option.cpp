#include "tools/penstock/time_option.hpp"

#include "runtime/plan/duration.hpp"

namespace penstock::cli {

outcome<std::string> read_time(std::string_view option, const std::string& text, timestamp now) {
  if (parse_rfc3339(text)) return text;
  if (const auto ago = parse_duration(value{text}))
    return to_rfc3339(now - milliseconds{static_cast<std::int64_t>(*ago)});
  return give_up(exit_code::usage, std::string{option} +
                                     " takes a date such as 2026-01-31, a time such as 2026-01-31T10:00:00Z, or how "
                                     "long ago, such as 2h or 3d, not \"" +
                                     text + "\"");
}

} // namespace penstock::cli
