#pragma once

#include "runtime/model/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::cli {

/// A text member of an answer; empty if there is none.
[[nodiscard]] std::string text_of(const value& object, std::string_view name);

/// An integer member of an answer; `otherwise` if there is none.
[[nodiscard]] std::int64_t int_of(const value& object, std::string_view name, std::int64_t otherwise = 0);

/// What an answer holds in `data`, or the answer itself.
[[nodiscard]] const value& data_of(const value& answer);

/// A list, whether it is bare or stands in `data` or `items`; null if there is none.
[[nodiscard]] const value::list* list_in(const value& answer);

/// The entries of a list as `list_in` finds it; none if it is no list.
[[nodiscard]] value::list entries_of(const value& answer);

} // namespace penstock::cli
