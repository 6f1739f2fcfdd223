#pragma once

#include "api/request.hpp"
#include "api/request_problems.hpp"
#include "runtime/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace penstock {

/// The body as a JSON object; an empty object for an empty body.
/// @returns `errc::invalid_argument` with line and column.
[[nodiscard]] result<value> json_object_body(const request& in);

/// The id at a place of the path.
/// @returns nil with a problem that names the place, if it is none.
[[nodiscard]] uuid id_in_path(const request& in, std::string_view name, request_problems& problems);

/// This server as whoever asks sees it, such as `https://penstock.example:8080`; empty if the request does not say.
[[nodiscard]] std::string server_url(const request& in);

/// `Idempotency-Key` with a hash over method, path and body; no key if the header is absent.
[[nodiscard]] request_key idempotency_key(const request& in, request_problems& problems);

/// `Prefer: wait=SECONDS`, held to `wait_max`; 0 if absent or not understood, as RFC 7240 has it.
[[nodiscard]] milliseconds preferred_wait(const request& in, std::chrono::seconds wait_max);

/// `traceparent`, if it is a valid one of version 00 (W3C Trace Context, section 3.2); else empty.
[[nodiscard]] std::string traceparent_of(const request& in);

/// Whether a list of entity tags (`If-Match`, `If-None-Match`) holds `tag` or is `*`. `weak` also takes `W/` tags.
[[nodiscard]] bool lists_tag(std::string_view list, std::string_view tag, bool weak);

} // namespace penstock
