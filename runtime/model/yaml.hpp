#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// Reads one YAML document of at most 1 MiB: plain scalars become null, bool, integer or number by the core schema of
/// YAML 1.2, quoted ones stay text. Refuses anchors, aliases, tags, merge keys, duplicate keys, several documents, and
/// more than 64 levels or 100,000 nodes. Each value carries its line and column.
/// @returns `errc::invalid_argument` with line and column.
[[nodiscard]] result<value> read_yaml(std::string_view text);

} // namespace penstock
