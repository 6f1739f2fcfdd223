#pragma once

#include "actors/core/delivery_target.hpp"
#include "runtime/engines/outbound_http.hpp"

#include <string>

namespace penstock {

/// What is posted, wherever it came from.
struct delivery_content {
  event_id event;
  event_type type = event_type::job_completed;
  std::string body;
  std::string traceparent;
  std::uint32_t tries = 0; ///< Attempts before this one.
};

/// The signed request of one attempt. While a secret is being replaced, the header that carries one signature is by the new
/// secret and the old one in turns, so that receivers who know either get everything.
[[nodiscard]] outbound_request delivery_request(const webhook_settings& settings, const delivery_target& target,
                                                const delivery_content& content, timestamp now);

/// What came of an attempt that began at `at`.
/// @param response of `outbound_http`; whatever its status.
[[nodiscard]] delivery_outcome delivery_outcome_of(delivery_id id, const result<outbound_response>& response,
                                                   timestamp at, timestamp now);

/// Whether the receiver said that it is gone for good.
[[nodiscard]] bool says_gone(const delivery_attempt& attempt) noexcept;

/// `Retry-After`: seconds, or a date of RFC 9110, section 5.6.7, in its preferred form.
[[nodiscard]] std::optional<milliseconds> read_retry_after(std::string_view text, timestamp now);

} // namespace penstock
