#pragma once

#include "runtime/model/value.hpp"
#include "tools/penstock/api_client.hpp"
#include "tools/penstock/outcome.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

/// A definition as it lies in a file.
struct definition_file {
  std::string path; ///< "-" for standard input.
  std::string text;
  std::string name; ///< Of its pipeline: the `name` in it, else the file's name without its ending.
};

/// Reads a definition; whether it is right is the server's to say.
/// @returns `exit_code::local_file` if it cannot be read or is empty, `exit_code::usage` if standard input holds no `name`.
[[nodiscard]] outcome<definition_file> read_definition(const std::string& path, const std::string& name_given);

/// `file:line:column: field: message` for each mistake.
[[nodiscard]] std::string show_mistakes(const std::string& path, const std::vector<definition_mistake>& mistakes);

/// What a run is started with.
struct run_parameters {
  value given{value::object{}};
  std::vector<std::string> warnings; ///< A sentence for each that the definition does not declare.
};

/// @returns `exit_code::usage` unless each is `name=text`
[[nodiscard]] outcome<void> check_parameters(const std::vector<std::string>& given);

/// Reads `name=text`: text stays text where the definition declares it as such (string, date, timestamp); otherwise what
/// reads as JSON is taken as that.
/// @param definition the pipeline's definition as text, to look up what is declared
/// @returns `exit_code::usage` for one without `=`
[[nodiscard]] outcome<run_parameters> read_parameters(const std::vector<std::string>& given,
                                                      std::string_view definition);

} // namespace penstock::cli
