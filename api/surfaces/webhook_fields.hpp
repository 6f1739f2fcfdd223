#pragma once

#include "api/body_fields.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Fields of webhooks that two surfaces take.
namespace penstock {

/// A URL that webhooks may be posted to: http or https, with a host, without user, password and fragment. Whether its
/// address may be called is seen when it is.
[[nodiscard]] std::optional<std::string> webhook_url(body_fields& fields, std::string_view name, bool required);

/// A secret of 1 to 256 characters, taken as written.
[[nodiscard]] std::optional<std::string> webhook_secret(body_fields& fields, std::string_view name, bool required);

} // namespace penstock
