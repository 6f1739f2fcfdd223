#pragma once

#include "api/route.hpp"

#include <span>
#include <string>
#include <string_view>

namespace penstock {

/// The page of `/docs`, HTML: how to authenticate, what errors say, and every operation of all rows, by surface. The
/// anchors `authentication` and `errors` are where `docs_url` of an error leads.
[[nodiscard]] std::string make_docs_page(std::span<const surface> surfaces, std::string_view version);

} // namespace penstock
