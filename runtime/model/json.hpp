#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

/// What the reader takes at most; everything from outside goes through it.
struct json_limits {
  std::size_t bytes_max = 16u << 20;
  std::size_t depth_max = 64;
  std::size_t nodes_max = 100'000;
  bool takes_nul = false; ///< Whether a text may hold U+0000, which JSON says as \u0000.
};

/// Reads one JSON document strictly: valid UTF-8, no NUL (an escaped one only if `takes_nul`), nothing behind the document,
/// no duplicate keys, integers within 64 bits signed, no NaN or infinity. Iterative, so depth costs no stack. Each value
/// carries its line and column.
/// @returns `errc::invalid_argument` with line and column, or `errc::too_large` beyond a limit.
[[nodiscard]] result<value> read_json(std::string_view text, const json_limits& limits = {});

/// Writes compact JSON. NaN and infinity, which JSON cannot say, become null.
[[nodiscard]] std::string write_json(const value& v);
/// The same, indented by two spaces, for people.
[[nodiscard]] std::string write_json_pretty(const value& v);
/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

} // namespace penstock
