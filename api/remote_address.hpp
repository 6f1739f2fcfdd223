#pragma once

#include "runtime/model/ids.hpp"

#include <string_view>

namespace penstock {

/// Whom an address stands for where clients are counted: an IPv4 address as it is, an IPv6 address by its first 64 bits,
/// as that is what one client is given. 128 bits of a keyed hash that is another with every start.
[[nodiscard]] uuid client_of(std::string_view address);

} // namespace penstock
