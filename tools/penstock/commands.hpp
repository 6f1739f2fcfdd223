#pragma once

#include "tools/command_line.hpp"
#include "tools/penstock/api_client.hpp"
#include "tools/penstock/outcome.hpp"
#include "tools/penstock/run_progress.hpp"

#include <map>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

/// What a command works with.
struct command_context {
  api_client& api;
  const command_line& line;
  std::vector<std::string> words; ///< Behind the command's name.
  bool as_json = false;
  std::ostream& out;     ///< Shows control characters as escapes if it is a terminal.
  std::ostream& err;     ///< Likewise.
  std::ostream& drawing; ///< Standard output as it is: for lines that went through `fit`, with colour.
  screen on;

  /// The value of an option, empty if it was not given.
  [[nodiscard]] std::string option(std::string_view name) const;
  /// Whether a switch was given, and not as `--name=false`.
  [[nodiscard]] bool is_on(std::string_view name) const;
};

using command_function = outcome<exit_code> (*)(command_context&);

/// One command: a row of the help and of what is accepted.
struct command_row {
  std::string_view group; ///< "pipeline"; empty for a command of one word.
  std::string_view verb;  ///< "apply"
  std::string_view words; ///< What follows, for help, e.g. "FILE…".
  std::size_t words_least = 0;
  std::size_t words_most = 0;
  std::string_view help;
  std::span<const option_row> options; ///< Beside the global ones.
  command_function run = nullptr;
  std::string_view examples = {}; ///< Lines of a shell, for help.
};

[[nodiscard]] std::span<const command_row> pipeline_commands();
[[nodiscard]] std::span<const command_row> run_commands();
[[nodiscard]] std::span<const command_row> schedule_commands();
[[nodiscard]] std::span<const command_row> backfill_commands();
[[nodiscard]] std::span<const command_row> dependency_commands();
[[nodiscard]] std::span<const command_row> calendar_commands();
[[nodiscard]] std::span<const command_row> pool_commands();
[[nodiscard]] std::span<const command_row> webhook_commands();
[[nodiscard]] std::span<const command_row> key_commands();
[[nodiscard]] std::span<const command_row> audit_commands();
[[nodiscard]] std::span<const command_row> server_commands();
/// Those of all groups, in the order of the help.
[[nodiscard]] std::vector<command_row> all_commands();

/// The id of a pipeline given by name or id.
/// @returns `exit_code::not_found` with the nearest name, or `exit_code::refused` listing the ids if several bear it.
[[nodiscard]] outcome<std::string> find_pipeline(api_client& api, const std::string& name_or_id);

/// The names of the workspace's pipelines, by id.
[[nodiscard]] outcome<std::map<std::string, std::string>> pipeline_names(api_client& api);

/// Shows a run until it has ended, through restarts of the server.
/// @returns `exit_code::ok` or `exit_code::run_failed`, as the run ended
[[nodiscard]] outcome<exit_code> watch_run(command_context& with, const std::string& run);

/// Prints an answer as it came, for `--output json`.
void print_json(std::ostream& out, const value& answer);

/// Prints a table; says on standard error that there are none if it has no rows.
/// @param what the rows are, such as "runs"
void print_table(command_context& with, const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows, std::string_view what);

} // namespace penstock::cli
