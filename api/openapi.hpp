#pragma once

#include "api/route.hpp"

#include <span>
#include <string>
#include <string_view>

namespace penstock {

/// The OpenAPI 3.1 document of all rows.
[[nodiscard]] std::string make_openapi(std::span<const surface> surfaces, std::string_view version);

} // namespace penstock
