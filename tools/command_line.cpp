#include "tools/command_line.hpp"

#include "runtime/model/nearest_name.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

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

/// Such as -1 or -0.5.
bool is_negative_number(std::string_view argument) {
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  return argument.size() > 1 && argument[0] == '-' && is_digit(static_cast<unsigned char>(argument[1])) &&
         std::all_of(argument.begin() + 1, argument.end(), [&](unsigned char c) { return is_digit(c) || c == '.'; });
}

/// An argument that begins with a dash, taken apart.
struct dashed {
  std::string_view shown; ///< Without a value that is joined to it.
  const option_row* row = nullptr;
  std::optional<std::string_view> value;
};

dashed take_apart(std::string_view argument, std::span<const option_row> rows) {
  if (argument[1] == '-') {
    const auto equals = argument.find('=');
    dashed parts{argument.substr(0, equals), find_row(rows, argument.substr(0, equals).substr(2), false), {}};
    if (equals != std::string_view::npos) parts.value = argument.substr(equals + 1);
    return parts;
  }
  // A long name behind one dash is a slip, not a letter with its value.
  const auto word = argument.substr(1, argument.find('=') - 1);
  if (argument.size() == 2 || find_row(rows, word, false) != nullptr)
    return {argument, find_row(rows, argument.substr(1), true), {}};
  const auto* row = find_row(rows, argument.substr(1, 1), true);
  if (row == nullptr || row->value_name.empty()) return {argument, nullptr, {}};
  return {argument.substr(0, 2), row, argument.substr(2)};
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
    if (argument.size() < 2 || argument.front() != '-' || is_negative_number(argument)) {
      parsed.words.emplace_back(argument);
      continue;
    }
    const auto [shown, row, value] = take_apart(argument, rows);
    if (row == nullptr) return unknown_option(shown, shown.substr(shown[1] == '-' ? 2 : 1), rows);
    if (value) {
      parsed.options.push_back({std::string{row->name}, std::string{*value}});
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
