#pragma once

#include "api/rate_limiter.hpp"
#include "api/response.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

/// What a head says besides the response itself.
struct head_context {
  std::string_view date; ///< Formatted.
  std::string_view request_id;
  bool http_1_1 = true;
  bool keep_alive = true;
  std::uint64_t content_length = 0;
  rate_state rate = {};
};

/// Appends status line and headers, up to and with the empty line.
void append_head(std::string& out, const response& r, const head_context& with);

/// True for statuses that never have a body.
[[nodiscard]] constexpr bool is_bodiless(int status) noexcept { return status < 200 || status == 204 || status == 304; }

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
[[nodiscard]] std::string http_date(std::int64_t unix_seconds);

/// Whether a client's `X-Request-Id` may be taken over and written into logs.
[[nodiscard]] bool is_sane_request_id(std::string_view id) noexcept;

} // namespace penstock
