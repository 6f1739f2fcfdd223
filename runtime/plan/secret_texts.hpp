#pragma once

#include "runtime/model/value.hpp"

#include <string>
#include <vector>

namespace penstock {

/// The texts in `v` that are secrets by the name of their field (token, password, secret, api_key, X-Api-Key, authorization,
/// …), numbers too where the name ends so, or stand below `authentication.params`, placeholders included; sorted, each once. Rows of data are not looked at.
[[nodiscard]] std::vector<std::string> secret_texts(const value& v);

} // namespace penstock
