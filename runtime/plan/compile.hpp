#pragma once

#include "runtime/error.hpp"
#include "runtime/plan/plan.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

enum class definition_format : std::uint8_t { json = 1, yaml = 2 };

/// What the user wrote, byte for byte as it is given back.
struct definition {
  definition_format format = definition_format::yaml;
  std::string text;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "format", s.format);
    v(2, "text", s.text);
  }
};

/// What a definition may hold at most, from the server's settings.
struct definition_limits {
  std::size_t yaml_bytes_max = 1u << 20; ///< Of a text; JSON is bounded by the request's body.
  std::size_t values_max = 100'000;      ///< Texts, numbers, lists, objects, …
};

/// What the compiler needs of the outside.
struct compile_options {
  /// Parses one SQL text; returns the engine's words when it does not parse, nothing when it does. Without it SQL is
  /// taken unparsed.
  std::function<std::optional<std::string>(const std::string& sql)> sql_error;
  std::size_t sql_texts_max = 5'000; ///< How many are parsed; a warning says if there are more.
  /// What a task without own settings gets; a surface may have documented defaults.
  retry_policy default_retry;
  std::uint64_t default_timeout_ms = 0; ///< Of a run.
  std::size_t tasks_max = 100'000;
  definition_limits limits;
  /// Takes a definition of the pipelines form that lacks its source, its destination or all of it: what is missing is a
  /// warning then. Without any task a run succeeds at once.
  bool unfinished = false;
};

struct compiled_plan {
  plan compiled;
  std::vector<std::string> warnings; ///< Accepted, but cannot run here as it stands; one sentence each.
};

/// Compiles any dialect to the one plan: native (`tasks`), pipelines (`source`/`destination`, transformations between),
/// engine (`source.connection`/`target.connection`, `sources`/`transformations`/`sinks`/`quality_checks`).
/// Pure but for `options.sql_error`.
/// @returns `errc::invalid_argument` with every problem found (field, message, line, column): syntax, unknown field or
/// task type with the nearest known name, cycle, unknown task in `needs`, duplicate id, SQL that does not parse;
/// `errc::too_large` beyond a limit, naming the setting.
[[nodiscard]] result<compiled_plan> compile(const definition& source, const compile_options& options);

/// Checks the parameters of a start against the plan and fills in defaults.
/// @returns an object holding every declared parameter and undeclared ones as given; `errc::invalid_argument` naming
/// each parameter that is missing or of the wrong type.
[[nodiscard]] result<value> bind_parameters(const plan& p, const value& given);

} // namespace penstock
