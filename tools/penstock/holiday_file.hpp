#pragma once

#include "runtime/model/value.hpp"
#include "tools/penstock/api_client.hpp"
#include "tools/penstock/outcome.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

/// What a file of holidays becomes.
struct holiday_request {
  value body;                     ///< Of `PUT /api/v1/scheduler/calendars/{name}`.
  std::vector<std::size_t> lines; ///< Of each of `days`, where in the file it stood; empty for an iCalendar file.
  bool holds_day = false;         ///< Or an event of an iCalendar file, of which the server makes days.
};

/// Reads an iCalendar text as it is, and anything else line by line: a date, and a name behind it if there is one;
/// blank lines and what follows a `#` do not count. Whether dates are dates is the server's to say.
[[nodiscard]] holiday_request read_holidays(std::string_view text);

/// A refusal of the server, in terms of the file: `file:line: message` for each mistake.
[[nodiscard]] failure explain_holidays(const std::string& file, const holiday_request& request,
                                       const api_answer& answer);

} // namespace penstock::cli
