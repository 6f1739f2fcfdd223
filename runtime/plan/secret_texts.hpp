#pragma once

#include "runtime/model/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Whether a field of that name holds a secret: token, password, secret, api_key, X-Api-Key, authorization, ….
[[nodiscard]] bool names_a_secret(std::string_view key);

/// The texts in `v` that are secrets by the name of their field, numbers too where the name ends so, or stand below
/// `authentication.params`, placeholders included; sorted, each once. Rows of data are not looked at.
[[nodiscard]] std::vector<std::string> secret_texts(const value& v);

} // namespace penstock
