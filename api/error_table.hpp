#pragma once

#include "api/response.hpp"
#include "runtime/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

/// How a surface words its errors.
enum class error_style : std::uint8_t {
  problem, ///< RFC 9457 `application/problem+json`.
  cloud,   ///< `{"error": {"code", "message", "docs_url"}}`.
};

/// The one table from codes to HTTP statuses.
[[nodiscard]] int status_of(errc code) noexcept;

/// The cloud document's word for an error of that status.
[[nodiscard]] std::string_view cloud_error_code(int status) noexcept;

/// Whether it says that a client whose credentials were good may not have what it asked for.
[[nodiscard]] constexpr bool is_refusal(int status) noexcept {
  return status >= 400 && status < 500 && status != 401 && status != 408 && status != 429;
}

/// An error with a status of its own, for what only HTTP knows (405, 417, …).
struct http_error {
  int status = 500;
  std::string_view code; ///< Stable, lower case, a literal.
  std::string message;
};

/// Renders an error. What is a fault of ours is logged in full and told the client in general words.
[[nodiscard]] response render_error(error_style style, const error& e);
[[nodiscard]] response render_error(error_style style, const http_error& e);

/// The reason phrase of a status line, also `title` of a problem.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

} // namespace penstock
