#pragma once

#include "runtime/engines/outbound_http.hpp"
#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// One HTTP request as a task describes it, and what it takes for success. Pure.
struct http_call {
  std::string method; ///< Upper case; GET without a body, else POST, where the task names none.
  std::string url;
  outbound_headers headers;
  std::string body;
  bool has_body = false;
  /// Statuses that are success, first to last.
  struct status_range {
    int first = 200;
    int last = 299;
  };
  std::vector<status_range> expected{status_range{}};

  [[nodiscard]] bool is_expected(int status) const noexcept;
};

/// Reads `method`, `url`, `headers` (an object), `body` (text as it is; anything else as JSON with that content type)
/// and `expect` (a status, a class such as `2xx`, a range such as `200-299`, or a list of those). `traceparent` is sent
/// unless empty or among the headers.
/// @returns `errc::invalid_argument` naming the field.
[[nodiscard]] result<http_call> http_call_from(const value& config, const std::string& traceparent);

/// Whether a call that was answered with `status` may succeed another time.
[[nodiscard]] bool is_retryable_status(int status) noexcept;

/// `application/json`, `application/problem+json; charset=utf-8`, …
[[nodiscard]] bool is_json_content_type(std::string_view content_type);

} // namespace penstock
