#include "tools/command_line.hpp"

#include "runtime/model/nearest_name.hpp"

#include <algorithm>

namespace penstock {

namespace {

const option_row* find_row(std::span<const option_row> rows, std::string_view name, bool is_letter) {
  const auto matches = [&](const option_row& row) {
    return is_letter ? row.letter != 0 && name == std::string_view{&row.letter, 1} : row.name == name;
  };
  const auto row = std::find_if(rows.begin(), rows.end(), matches);
  return row == rows.end() ? nullptr : &*row;
}

unexpected<error> unknown_option(std::string_view shown, std::string_view name, std::span<const option_row> rows) {
  std::vector<std::string_view> known;
  for (const auto& row : rows) known.push_back(row.name);
  return fail(errc::invalid_argument, "unknown option " + std::string{shown} + did_you_mean(name, known, "--"));
}

} // namespace

const std::string* command_line::find(std::string_view name) const noexcept {
  const auto at = std::find_if(options.rbegin(), options.rend(), [&](const option& o) { return o.name == name; });
  return at == options.rend() ? nullptr : &at->value;
}

std::vector<std::string> command_line::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& o : options) {
    if (o.name == name) values.push_back(o.value);
  }
  return values;
}

result<command_line> parse_command_line(std::span<const std::string> arguments, std::span<const option_row> rows) {
  command_line parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") {
      parsed.words.insert(parsed.words.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (argument.size() < 2 || argument.front() != '-') {
      parsed.words.emplace_back(argument);
      continue;
    }
    const bool is_letter = argument[1] != '-';
    const auto equals = is_letter ? std::string_view::npos : argument.find('=');
    const auto shown = argument.substr(0, equals);
    const auto name = shown.substr(is_letter ? 1 : 2);
    const auto* row = find_row(rows, name, is_letter);
    if (row == nullptr) return unknown_option(shown, name, rows);
    if (equals != std::string_view::npos) {
      parsed.options.push_back({std::string{row->name}, std::string{argument.substr(equals + 1)}});
    } else if (row->value_name.empty()) {
      parsed.options.push_back({std::string{row->name}, "true"});
    } else if (i + 1 < arguments.size()) {
      parsed.options.push_back({std::string{row->name}, arguments[++i]});
    } else {
      return fail(errc::invalid_argument,
                  std::string{shown} + " needs a value: " + std::string{shown} + " " + std::string{row->value_name});
    }
  }
  return parsed;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known, std::string_view prefix) {
  const auto nearest = nearest_name(name, known);
  return nearest.empty() ? std::string{} : "; did you mean " + std::string{prefix} + nearest + "?";
}

} // namespace penstock
