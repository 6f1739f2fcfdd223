#include "runtime/plan/secret_texts.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace penstock {

namespace {

constexpr std::size_t shortest = 3; // Shorter ones would be masked in every other word of a log.

std::string in_small_letters(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool names_a_secret(std::string_view key) {
  if (key.size() < std::string_view{"token"}.size()) return false; // No mark is shorter, and most keys are.
  static constexpr std::array<std::string_view, 9> marks{
    "token", "password", "passwd", "secret", "api_key", "apikey", "authorization", "private_key", "credential"};
  const std::string small = in_small_letters(key);
  return std::any_of(marks.begin(), marks.end(),
                     [&](std::string_view m) { return small.find(m) != std::string::npos; });
}

void add(const std::string& text, std::vector<std::string>& secrets) {
  if (text.size() >= shortest) secrets.push_back(text);
}

void add_all_below(const value& v, std::vector<std::string>& secrets) {
  if (const auto* text = v.as_string()) {
    add(*text, secrets);
    // Without the scheme of an `Authorization` header they are as secret.
    for (const std::string_view scheme : {"Bearer ", "Basic "})
      if (text->starts_with(scheme)) add(text->substr(scheme.size()), secrets);
  } else if (const auto* items = v.as_list()) {
    for (const value& item : *items) add_all_below(item, secrets);
  } else if (const auto* members = v.as_object()) {
    for (const auto& [key, member] : *members) add_all_below(member, secrets);
  }
}

void collect(const value& v, std::vector<std::string>& secrets) {
  if (const auto* items = v.as_list()) {
    for (const value& item : *items) collect(item, secrets);
    return;
  }
  const auto* members = v.as_object();
  if (!members) return;
  for (const auto& [key, member] : *members) {
    if (key == "rows" || key == "secrets") continue; // Data; and what is declared is taken as it is.
    const value* params = key == "authentication" ? member.find("params") : nullptr;
    if (params) add_all_below(*params, secrets);
    if (names_a_secret(key)) add_all_below(member, secrets);
    else collect(member, secrets);
  }
}

} // namespace

std::vector<std::string> secret_texts(const value& v) {
  std::vector<std::string> secrets;
  collect(v, secrets);
  std::sort(secrets.begin(), secrets.end());
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
  return secrets;
}

} // namespace penstock
