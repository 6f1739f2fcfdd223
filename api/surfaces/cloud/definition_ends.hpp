#pragma once

#include "runtime/model/value.hpp"
#include "runtime/plan/compile.hpp"

#include <array>
#include <optional>
#include <string_view>

/// Where a pipeline's data comes from and goes to, as this surface shows it and lets it be changed.
namespace penstock::cloud {

/// The members of a request that make up a definition, in the order of the data's way.
inline constexpr std::array<std::string_view, 3> composed_members{"source", "transformations", "destination"};

/// A definition as an object; nothing if its text is none.
[[nodiscard]] std::optional<value> read_definition(const definition& written);

/// Whether a definition is made of `composed_members`, so that each can be changed by itself.
[[nodiscard]] bool is_composed(const value& definition);

/// `source` as it was written, or the first source of another form: `{"type": connector, …its fields}`;
/// `{"type": "none"}` if there is none.
[[nodiscard]] value source_of(const value& definition);
/// The same of `destination`, or the last sink.
[[nodiscard]] value destination_of(const value& definition);

} // namespace penstock::cloud
