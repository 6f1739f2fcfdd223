#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The nearest of `known` to a misspelt name, or the only one that begins or ends with it, for "did you mean"; empty if
/// there is none.
[[nodiscard]] std::string nearest_name(std::string_view name, const std::vector<std::string_view>& known);

} // namespace penstock
