#pragma once

#include "runtime/model/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Stands for a secret that is not shown.
inline constexpr std::string_view secret_mark = "***";

/// `v` as clients may see it: values of fields that hold secrets, those below `authentication.params`, and the
/// credentials inside URLs are `***`. A value that is a placeholder as a whole is no secret, nor are rows of data.
[[nodiscard]] value without_secrets(const value& v);

/// Puts back what `without_secrets` took out: where `given` has what is shown of the same field of `stored`, it gets the
/// stored value.
/// @returns the paths below `given` of fields that hold the mark though nothing is stored for them.
[[nodiscard]] std::vector<std::string> restore_secrets(value& given, const value* stored);

} // namespace penstock
