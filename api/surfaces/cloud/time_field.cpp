#include "api/surfaces/cloud/time_field.hpp"

#include <algorithm>

namespace penstock::cloud {

std::optional<timestamp> read_time(const query_fields& query, std::string_view name, range_end which,
                                   request_problems& problems) {
  constexpr std::size_t date_size = 10;
  const auto text = query.text(name);
  if (!text) return std::nullopt;
  // A plus sign that was not escaped arrives as a space.
  auto plain = *text;
  if (plain.size() > date_size) std::replace(plain.begin() + date_size + 1, plain.end(), ' ', '+');
  const auto at = parse_rfc3339(plain);
  if (!at)
    problems.add(std::string{name},
                 "must be a date such as 2026-05-25 or a time such as 2026-05-25T02:00:00Z, is \"" + *text + "\"");
  if (at && which == range_end::last && plain.size() == date_size)
    return *at + std::chrono::hours{24} - milliseconds{1};
  return at;
}

} // namespace penstock::cloud
