#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// What `{{ … }}` may name. A null member means that the name is not available there.
struct placeholder_scope {
  const value* params = nullptr;     ///< `params.x`, deeper members by further dots.
  const value* run = nullptr;        ///< `run.id`, `run.logical_time`.
  const value* item = nullptr;       ///< `item`, or `item.column`.
  const value* connection = nullptr; ///< `connection.name.field`.
};

/// How much more placeholders may put in, in bytes of memory about: what they are put into may name a large parameter any
/// number of times.
struct placeholder_budget {
  static constexpr std::size_t bytes_max = 16u << 20;
  std::size_t bytes_left = bytes_max;
};

/// Replaces every placeholder in all texts inside `v` (keys stay). One that is the whole text keeps its type; one
/// inside a text is written as text (numbers and booleans as in JSON, lists and objects as JSON). Nothing else is
/// evaluated, and what is put in is not read again. A text in quotes, single or double, stands for itself as it is
/// written between them, so that a text can hold braces: `{{ "{{" }}.Names}}` gives `{{.Names}}`.
/// @returns `errc::invalid_argument` naming a placeholder that means nothing in `scope`, `errc::too_large` naming the first
/// that `budget` has no room for.
[[nodiscard]] result<value> substitute(const value& v, const placeholder_scope& scope, placeholder_budget& budget);
/// With a budget of its own.
[[nodiscard]] result<value> substitute(const value& v, const placeholder_scope& scope);

/// Problems visible before anything is bound: an unclosed `{{`, or a root other than params, run, item, connection.
/// @returns a message for each such placeholder, at most a hundred.
[[nodiscard]] std::vector<std::string> check_placeholders(const std::string& text);

/// Whether the whole text is one placeholder, so that its value keeps its type.
[[nodiscard]] bool is_placeholder(std::string_view text) noexcept;

/// The paths of the well-formed placeholders in a text, e.g. "params.since".
[[nodiscard]] std::vector<std::string_view> placeholder_paths(std::string_view text);

/// `text` with every placeholder replaced by `stand_in`, a text in quotes by that text, for looking at what surrounds
/// them.
[[nodiscard]] std::string replace_placeholders(std::string_view text, std::string_view stand_in);

/// False for null, false, 0, empty text, "false", "0", empty list or object; else true. Decides `when`.
[[nodiscard]] bool is_truthy(const value& v) noexcept;

} // namespace penstock
