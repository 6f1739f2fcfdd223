#pragma once

#include "runtime/error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// An option that a program takes.
struct option_row {
  std::string_view name;       ///< Without its dashes, e.g. "data-dir".
  std::string_view value_name; ///< What stands for the value in help, e.g. "DIR"; empty: a switch.
  std::string_view help;
  char letter = 0; ///< Short form, e.g. 'o' for `-o`; 0: none.
};

/// Arguments taken apart.
struct command_line {
  struct option {
    std::string name;
    std::string value; ///< "true" of a switch without a value of its own.
  };
  std::vector<option> options;    ///< In the order given.
  std::vector<std::string> words; ///< Everything else.

  /// The value of the last such option, null if there is none.
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
};

/// Takes `--name value`, `--name=value`, `-n value`, `-nvalue` and switches, in any order with words; `--` ends the options,
/// and `-` and negative numbers are words.
/// @returns `errc::invalid_argument` naming an unknown option, with the nearest known one, or one that lacks its value.
[[nodiscard]] result<command_line> parse_command_line(std::span<const std::string> arguments,
                                                      std::span<const option_row> rows);

/// "; did you mean X?" for the nearest of `known`, empty if none is near.
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known,
                                       std::string_view prefix = "");

} // namespace penstock
