#include "runtime/plan/secret_fields.hpp"

#include "runtime/plan/secret_texts.hpp"

#include <utility>

namespace penstock {

namespace {

bool is_placeholder(const std::string& text) {
  return text.starts_with("{{") && text.find("}}") == text.size() - 2 && text.size() > 4;
}

/// `user:password@` in front of a host, and a lone token in its place.
void hide_user(std::string& url) {
  constexpr std::string_view mark = "://";
  for (auto at = url.find(mark); at != std::string::npos; at = url.find(mark, at + 1)) {
    const auto begin = at + mark.size();
    const auto end = std::min(url.find_first_of("/?# \t\n", begin), url.size());
    const auto host = url.rfind('@', end);
    if (host == std::string::npos || host < begin || host >= end) continue;
    const auto colon = url.find(':', begin);
    const auto secret = colon < host ? colon + 1 : begin;
    url.replace(secret, host - secret, secret_mark);
  }
}

/// `…?password=x&…`, and the same behind a semicolon.
void hide_parameters(std::string& url) {
  for (auto equals = url.find('='); equals != std::string::npos; equals = url.find('=', equals + 1)) {
    const auto before = url.find_last_of("?&; ", equals);
    const auto name = before == std::string::npos ? 0 : before + 1;
    if (!names_a_secret(std::string_view{url}.substr(name, equals - name))) continue;
    const auto end = std::min(url.find_first_of("&;# ", equals), url.size());
    url.replace(equals + 1, end - equals - 1, secret_mark);
  }
}

std::string without_credentials(std::string text) {
  if (text.find("://") == std::string::npos) return text;
  hide_user(text);
  hide_parameters(text);
  return text;
}

/// What a value stands in.
enum class surroundings { plain, secret, data };

surroundings inside(surroundings around, std::string_view parent, std::string_view key) {
  if (around != surroundings::plain) return around;
  if (key == "rows") return surroundings::data;
  const bool credentials = parent == "authentication" && key == "params";
  return credentials || names_a_secret(key) ? surroundings::secret : surroundings::plain;
}

value shown(const value& v, surroundings around, std::string_view name) {
  if (around == surroundings::data) return v;
  if (const auto* text = v.as_string()) {
    if (around == surroundings::plain) return value{without_credentials(*text)};
    return is_placeholder(*text) ? v : value{secret_mark};
  }
  if (v.is_number()) return around == surroundings::secret ? value{secret_mark} : v;
  if (const auto* items = v.as_list()) {
    value::list out;
    for (const auto& item : *items) out.push_back(shown(item, around, name));
    return out;
  }
  if (const auto* members = v.as_object()) {
    value::object out;
    for (const auto& [key, member] : *members) out.emplace_back(key, shown(member, inside(around, name, key), key));
    return out;
  }
  return v;
}

struct restorer {
  std::vector<std::string> missing;

  void restore(value& given, const value* stored, surroundings around, std::string_view name, const std::string& path) {
    if (auto* members = given.as_object()) {
      for (auto& [key, member] : *members)
        restore(member, stored ? stored->find(key) : nullptr, inside(around, name, key), key,
                path.empty() ? key : path + "." + key);
    } else if (auto* items = given.as_list()) {
      const auto* known = stored ? stored->as_list() : nullptr;
      for (std::size_t i = 0; i < items->size(); ++i)
        restore((*items)[i], known && i < known->size() ? &(*known)[i] : nullptr, around, name,
                path + "[" + std::to_string(i) + "]");
    } else if (const auto* text = given.as_string()) {
      if (stored && shown(*stored, around, name) == given) given = *stored;
      else if (around == surroundings::secret && *text == secret_mark) missing.push_back(path);
    }
  }
};

} // namespace

value without_secrets(const value& v) { return shown(v, surroundings::plain, {}); }

std::vector<std::string> restore_secrets(value& given, const value* stored) {
  restorer r;
  r.restore(given, stored, surroundings::plain, {}, {});
  return std::move(r.missing);
}

} // namespace penstock
