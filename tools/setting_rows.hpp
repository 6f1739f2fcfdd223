#pragma once

#include "tools/config.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Where a setting may be given.
enum class setting_place : std::uint8_t {
  everywhere = 1,       ///< Flag, environment and file.
  environment_only = 2, ///< Secrets, which neither the list of processes nor a file should show.
};

/// One setting of the server: flag `--name`, variable `PENSTOCK_NAME`, key `name` of the file.
struct setting_row {
  std::string name;
  std::string value_name; ///< What stands for the value in help; empty: a switch.
  std::string help;
  std::function<std::string(const server_settings&)> show; ///< Its effective value, in a form that `set` takes.
  /// Reads `text`; @returns what would be right (a sentence's end behind the setting's name) if it is wrong.
  std::function<result<void>(server_settings&, std::string_view text)> set;
  setting_place place = setting_place::everywhere;
  bool secret = false; ///< Shown as `set`, never as it is.
};

/// All of them, in the order of the help.
[[nodiscard]] const std::vector<setting_row>& setting_rows();

/// "PENSTOCK_DATA_DIR" for "data-dir".
[[nodiscard]] std::string variable_name(std::string_view setting);

} // namespace penstock
