#pragma once

#include "runtime/engines/outbound_http.hpp"
#include "runtime/plan/http_headers.hpp"

#include <string>

namespace penstock {

/// Reads a URL the way it will be read for sending, without a look-up.
/// @returns `https://example.org:443`, say: requests of one such key share connections. Lower case, numeric forms of
/// IPv4 addresses (`0x7f.1`, `2130706433`) brought to four numbers. Or `errc::invalid_argument`; its message does not
/// repeat the URL, which may hold credentials.
[[nodiscard]] result<std::string> outbound_host_of(const std::string& url);

/// Whether method and headers can be sent as they are.
/// @returns `errc::invalid_argument` naming the one that cannot.
[[nodiscard]] result<void> check_message(const outbound_request& request);

/// `url` without user, password, query and fragment: what may stand in messages and logs.
[[nodiscard]] std::string url_for_people(const std::string& url);

} // namespace penstock
