#pragma once

#include "api/request.hpp"
#include "runtime/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

/// What the head of a request says about the connection and the body.
struct request_head {
  bool http_1_1 = true;
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  bool unknown_expectation = false; ///< To be answered with 417.
  std::optional<std::uint64_t> content_length;
};

/// Parses a whole head, from the request line to the empty line, and fills method, path, query and headers of `into`
/// with views of `block`. Refuses what proxies and servers are known to read differently: any transfer-encoding but
/// `chunked`, chunked in HTTP/1.0, a missing or second Host, repeated or odd Content-Length, both lengths, folded
/// lines, NUL and lone CR or LF, more than `headers_max` fields.
/// @returns `errc::invalid_argument`, after which nothing more can be read from the connection.
[[nodiscard]] result<request_head> parse_head(std::string_view block, std::size_t headers_max, request& into);

} // namespace penstock
