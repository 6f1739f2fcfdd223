#include "runtime/plan/secret_texts.hpp"

#include "runtime/model/json.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace penstock {

namespace {

constexpr std::size_t shortest = 3; // Shorter ones would be masked in every other word of a log.

/// In small letters, without what separates words: `X-Api-Key`, `api_key` and `apiKey` are one.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    else if (c != '_' && c != '-') out += c;
  return out;
}

constexpr std::array<std::string_view, 13> marks{"token",         "password",   "passwd",    "passphrase", "pwd",
                                                 "secret",        "apikey",     "accesskey", "privatekey", "cookie",
                                                 "authorization", "credential", "signingkey"};

bool is_marked(const std::string& name) {
  if (name.size() < std::string_view{"pwd"}.size()) return false;
  return std::any_of(marks.begin(), marks.end(),
                     [&](std::string_view mark) { return name.find(mark) != std::string::npos; });
}

/// A number is one only under a name that ends with a mark: `max_tokens` and `password_length` say something else.
bool names_a_secret_number(const std::string& name) {
  return std::any_of(marks.begin(), marks.end(), [&](std::string_view mark) { return name.ends_with(mark); });
}

void add(const std::string& text, std::vector<std::string>& secrets) {
  if (text.size() >= shortest) secrets.push_back(text);
}

void add_all_below(const value& v, bool numbers, std::vector<std::string>& secrets) {
  if (const auto* text = v.as_string()) {
    add(*text, secrets);
    // Without the scheme of an `Authorization` header they are as secret.
    for (const std::string_view scheme : {"Bearer ", "Basic "})
      if (text->starts_with(scheme)) add(text->substr(scheme.size()), secrets);
  } else if (v.is_number()) {
    if (numbers) add(write_json(v), secrets); // As commands and headers are given it.
  } else if (const auto* items = v.as_list()) {
    for (const value& item : *items) add_all_below(item, numbers, secrets);
  } else if (const auto* members = v.as_object()) {
    for (const auto& [key, member] : *members) add_all_below(member, numbers, secrets);
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
    if (params) add_all_below(*params, false, secrets);
    if (const auto name = plain(key); is_marked(name)) add_all_below(member, names_a_secret_number(name), secrets);
    else collect(member, secrets);
  }
}

} // namespace

bool names_a_secret(std::string_view key) { return is_marked(plain(key)); }

std::vector<std::string> secret_texts(const value& v) {
  std::vector<std::string> secrets;
  collect(v, secrets);
  std::sort(secrets.begin(), secrets.end());
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
  return secrets;
}

} // namespace penstock
