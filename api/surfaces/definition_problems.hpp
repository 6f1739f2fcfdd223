#pragma once

#include "api/request_problems.hpp"
#include "runtime/plan/compile.hpp"

#include <string_view>

namespace penstock {

/// Which field of a request holds a definition.
struct definition_field {
  std::string_view name;         ///< Empty: the body itself is one.
  const value* object = nullptr; ///< The field, where the definition is an object of the body; null where it is text.
};

/// The error of an operation that compiled a definition, in terms of the request: paths below the field, and for an
/// object the places in the body. Text keeps the lines of its own.
[[nodiscard]] error in_terms_of_request(error e, const definition_field& field);

/// Adds what is wrong with a definition to what is wrong with the fields beside it, so that a client hears of both at
/// once. Only for requests that are refused anyway: SQL is not parsed here.
void add_definition_problems(request_problems& problems, const definition& source, const definition_field& field,
                             const definition_limits& limits);

} // namespace penstock
