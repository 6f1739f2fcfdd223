#include "tools/penstock/access.hpp"

#include "tools/penstock/local_file.hpp"

#include <algorithm>
#include <filesystem>

namespace penstock::cli {

namespace {

std::string variable(const environment& variables, std::string_view name) {
  for (const auto& [n, text] : variables) {
    if (n == name) return text;
  }
  return {};
}

std::string trimmed(std::string text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.erase(text.find_last_not_of(blanks) + 1);
  text.erase(0, text.find_first_not_of(blanks));
  return text;
}

/// Refuses what no header could carry: a line feed in it would begin another one.
outcome<api_key> check_key(std::string text, std::string origin) {
  text = trimmed(std::move(text));
  if (text.find_first_of("\r\n") != std::string::npos)
    return give_up(exit_code::unauthorized, "the key " + origin + " has more than one line");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; }))
    return give_up(exit_code::unauthorized, "the key " + origin + " holds a blank or another sign that no key has");
  return api_key{std::move(text), std::move(origin)};
}

} // namespace

outcome<std::string> find_server(const command_line& line, const environment& variables) {
  const auto* option = line.find("server");
  const auto given = option != nullptr ? *option : variable(variables, "PENSTOCK_SERVER");
  if (option == nullptr && given.empty()) return std::string{"http://127.0.0.1:8080"};
  if (auto url = read_server_url(given)) return std::move(*url);
  return give_up(exit_code::usage, std::string{option != nullptr ? "--server" : "PENSTOCK_SERVER"} +
                                     " must be a URL such as http://127.0.0.1:8080, not \"" + given + "\"");
}

outcome<api_key> find_key(const command_line& line, const environment& variables) {
  if (const auto* given = line.find("key")) return check_key(*given, "given with --key");
  if (auto given = variable(variables, "PENSTOCK_KEY"); !given.empty())
    return check_key(std::move(given), "in PENSTOCK_KEY");
  auto directory = variable(variables, "XDG_CONFIG_HOME");
  if (directory.empty()) directory = variable(variables, "HOME") + "/.config";
  const auto path = directory + "/penstock/key";
  std::error_code problem;
  if (!std::filesystem::exists(path, problem) || problem) return api_key{};
  auto kept = read_local_file(path);
  if (!kept) return unexpected(kept.error());
  return check_key(std::move(*kept), "in " + path);
}

} // namespace penstock::cli
