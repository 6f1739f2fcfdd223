#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

/// What the reader takes at most. yaml-cpp is slow, so a stranger's text is held shorter than JSON.
struct yaml_limits {
  std::size_t bytes_max = 1u << 20;
  std::size_t depth_max = 64;
  std::size_t nodes_max = 100'000;
};

/// Reads one YAML document: plain scalars become null, bool, integer or number by the core schema of
/// YAML 1.2, quoted ones stay text. Refuses anchors, aliases, tags, merge keys, duplicate keys, several documents.
/// Each value carries its line and column.
/// @returns `errc::invalid_argument` with line and column, or `errc::too_large` beyond a limit.
[[nodiscard]] result<value> read_yaml(std::string_view text, const yaml_limits& limits = {});

} // namespace penstock
