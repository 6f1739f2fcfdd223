#pragma once

#include "runtime/error.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// Whether something could be posted there, whatever may be reached: read the way it will be read for sending.
/// @returns `errc::invalid_argument` that names `field`.
[[nodiscard]] result<void> check_webhook_url(std::string_view field, const std::string& url);

} // namespace penstock
