#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The nearest of `known` to a misspelt name, for "did you mean"; empty if none is near.
[[nodiscard]] std::string nearest_name(std::string_view name, const std::vector<std::string_view>& known);

} // namespace penstock
