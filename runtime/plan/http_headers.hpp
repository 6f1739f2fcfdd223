#pragma once

#include <string_view>

namespace penstock {

/// Whether `text` may be the name of a header, or a method (RFC 9110, section 5.6.2: token).
[[nodiscard]] bool is_http_token(std::string_view text) noexcept;

/// Whether a request sets this header itself: given by anybody else, it would say something else about the request's
/// length, or its connection, than what is sent. Capitals do not count.
[[nodiscard]] bool is_own_header(std::string_view name) noexcept;

} // namespace penstock
