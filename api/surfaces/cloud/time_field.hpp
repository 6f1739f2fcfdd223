#pragma once

#include "api/query_fields.hpp"
#include "runtime/model/time.hpp"

#include <optional>
#include <string_view>

namespace penstock::cloud {

/// Which end of a range of time a field gives. A bare date stands for its first millisecond, or for its last.
enum class range_end { first, last };

/// A date, or a time with its offset; nothing if it is left out or wrong, which is noted then.
[[nodiscard]] std::optional<timestamp> read_time(const query_fields& query, std::string_view name, range_end which,
                                                 request_problems& problems);

} // namespace penstock::cloud
