#include "tools/penstock/definition_file.hpp"

#include "runtime/model/json.hpp"
#include "runtime/model/utf8.hpp"
#include "runtime/model/yaml.hpp"
#include "tools/command_line.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/local_file.hpp"

#include <cstdint>
#include <filesystem>

namespace penstock::cli {

namespace {

/// As large as the file is: what the server takes is for its settings to say.
result<value> read_own_yaml(std::string_view text) {
  return read_yaml(text, {.bytes_max = text.size(), .nodes_max = SIZE_MAX});
}

bool is_declared_text(const value& declaration) {
  if (declaration.as_string() != nullptr) return true; // Its default alone, of which the type follows.
  const auto type = text_of(declaration, "type");
  return type == "string" || type == "date" || type == "timestamp";
}

std::string undeclared(std::string_view name, const value& declared) {
  std::vector<std::string_view> known;
  if (declared.as_object() != nullptr) {
    for (const auto& [other, declaration] : *declared.as_object()) known.push_back(other);
  }
  return "the pipeline declares no parameter " + std::string{name} + did_you_mean(name, known);
}

constexpr std::string_view sent_in = "yamlDefinition"; // The field of the request that holds the file.

/// The place in the file.
std::string field_in_file(std::string_view field) {
  if (field.starts_with(sent_in)) field.remove_prefix(sent_in.size());
  if (!field.empty() && field.front() == '.') field.remove_prefix(1);
  return std::string{field};
}

} // namespace

outcome<definition_file> read_definition(const std::string& path, const std::string& name_given) {
  definition_file file;
  file.path = path;
  auto text = read_local_file(path);
  if (!text) return unexpected(text.error());
  if (text->empty()) return give_up(exit_code::local_file, called(path) + " is empty");
  // It could not be sent as it is.
  if (find_invalid_utf8(*text) != std::string::npos)
    return give_up(exit_code::refused, called(path) + ": " + read_own_yaml(*text).error().message);
  file.text = std::move(*text);
  file.name = name_given;
  if (file.name.empty()) {
    // A text that does not read is sent all the same: the server names line and column.
    if (const auto read = read_own_yaml(file.text)) file.name = text_of(*read, "name");
  }
  if (file.name.empty()) {
    if (path == "-") return give_up(exit_code::usage, "standard input has no name of a file: give --name");
    file.name = std::filesystem::path(path).stem().string();
  }
  return file;
}

std::string show_mistakes(const std::string& path, const std::vector<definition_mistake>& mistakes) {
  std::string text;
  for (const auto& m : mistakes) {
    const auto field = field_in_file(m.field);
    const bool names_itself = field.empty() || m.message.rfind(field, 0) == 0;
    text += text.empty() ? "" : "\n";
    text += path == "-" ? "(standard input)" : path;
    // What is about other fields has its place in the request.
    if (m.line > 0 && m.field.starts_with(sent_in))
      text += ":" + std::to_string(m.line) + ":" + std::to_string(m.column);
    text += ": " + (names_itself ? "" : field + ": ") + m.message;
  }
  return text;
}

outcome<void> check_parameters(const std::vector<std::string>& given) {
  for (const auto& one : given) {
    const auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0)
      return give_up(exit_code::usage, "--param takes name=value, not \"" + one + "\"");
  }
  return {};
}

outcome<run_parameters> read_parameters(const std::vector<std::string>& given, std::string_view definition) {
  run_parameters parameters;
  value declared;
  if (const auto read = read_own_yaml(definition)) {
    if (const auto* all = read->find("parameters")) declared = *all;
  }
  if (const auto right = check_parameters(given); !right) return unexpected(right.error());
  for (const auto& one : given) {
    const auto equals = one.find('=');
    const auto name = one.substr(0, equals);
    auto text = one.substr(equals + 1);
    const auto* declaration = declared.find(name);
    if (declaration == nullptr) parameters.warnings.push_back(undeclared(name, declared));
    const bool is_text = declaration != nullptr && is_declared_text(*declaration);
    auto as_json = is_text ? result<value>{text} : read_json(text);
    parameters.given.set(name, as_json ? std::move(*as_json) : value{std::move(text)});
  }
  return parameters;
}

} // namespace penstock::cli
