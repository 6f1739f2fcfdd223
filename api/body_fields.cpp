#include "api/body_fields.hpp"

#include <algorithm>
#include <charconv>

namespace penstock {
namespace {

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// What is wrong with a text, empty if nothing is.
std::string text_problem(std::string_view v, const body_fields::text_rule& rule) {
  if (v.size() > rule.bytes_max)
    return "must be at most " + std::to_string(rule.bytes_max) + " bytes, is " + std::to_string(v.size());
  if (rule.one_line && is_blank(v)) return "must not be empty";
  if (rule.one_line && has_control(v)) return "must not hold control characters";
  if (v.size() < rule.bytes_min) return "must be at least " + std::to_string(rule.bytes_min) + " bytes";
  return {};
}

} // namespace

const value* body_fields::find(std::string_view name) const noexcept {
  const auto* v = body_.find(name);
  return v && !v->is_null() ? v : nullptr;
}

bool body_fields::has(std::string_view name) const noexcept { return find(name) != nullptr; }

bool body_fields::is_null(std::string_view name) const noexcept {
  const auto* v = body_.find(name);
  return v && v->is_null();
}

void body_fields::missing(std::string_view name, std::string_view kind) {
  problems_.add(std::string{name}, "is required and must be " + std::string{kind}, body_.at);
}

void body_fields::wrong(std::string_view name, std::string message) {
  const auto* v = body_.find(name);
  problems_.add(std::string{name}, std::move(message), v ? v->at : body_.at);
}

void body_fields::wrong_kind(std::string_view name, const value& v, std::string_view kind) {
  problems_.add(std::string{name}, "must be " + std::string{kind} + ", is " + std::string{v.kind_name()}, v.at);
}

std::optional<std::string> body_fields::text(std::string_view name, const text_rule& rule) {
  const auto* v = find(name);
  if (!v) {
    if (rule.required) missing(name, "text");
    return std::nullopt;
  }
  const auto* s = v->as_string();
  if (!s) {
    wrong_kind(name, *v, "text");
    return std::nullopt;
  }
  if (auto why = text_problem(*s, rule); !why.empty()) {
    wrong(name, std::move(why));
    return std::nullopt;
  }
  return *s;
}

std::optional<bool> body_fields::boolean(std::string_view name) {
  const auto* v = find(name);
  if (!v) return std::nullopt;
  if (const auto* b = v->as_bool()) return *b;
  wrong_kind(name, *v, "true or false");
  return std::nullopt;
}

std::optional<std::int64_t> body_fields::integer(std::string_view name, std::int64_t low, std::int64_t high) {
  const auto* v = find(name);
  if (!v) return std::nullopt;
  const auto* n = v->as_int();
  if (!n) {
    wrong_kind(name, *v, "an integer");
    return std::nullopt;
  }
  if (*n < low || *n > high) {
    wrong(name, "must be " + std::to_string(low) + " to " + std::to_string(high) + ", is " + std::to_string(*n));
    return std::nullopt;
  }
  return *n;
}

std::optional<uuid> body_fields::id(std::string_view name) {
  const auto* v = find(name);
  if (!v) return std::nullopt;
  const auto* s = v->as_string();
  if (!s) {
    wrong_kind(name, *v, "a UUID");
    return std::nullopt;
  }
  auto parsed = parse_uuid(*s);
  if (!parsed) wrong(name, "must be a UUID such as 9c1f0e2a-1111-7222-8333-444455556666");
  return parsed;
}

std::optional<value> body_fields::object(std::string_view name) {
  const auto* v = find(name);
  if (!v) return std::nullopt;
  if (v->as_object()) return *v;
  wrong_kind(name, *v, "an object");
  return std::nullopt;
}

std::optional<std::vector<std::string>> body_fields::texts(std::string_view name, const list_rule& rule) {
  const auto* v = find(name);
  if (!v) {
    if (rule.required) missing(name, "a list of texts");
    return std::nullopt;
  }
  const auto* entries = v->as_list();
  if (!entries) {
    wrong_kind(name, *v, "a list of texts");
    return std::nullopt;
  }
  if (entries->size() > rule.count_max) {
    wrong(name,
          "must have at most " + std::to_string(rule.count_max) + " entries, has " + std::to_string(entries->size()));
    return std::nullopt;
  }
  std::vector<std::string> out;
  bool good = true;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto& entry = (*entries)[i];
    const auto path = std::string{name} + "[" + std::to_string(i) + "]";
    const auto* s = entry.as_string();
    auto why = s ? text_problem(*s, {.bytes_max = rule.bytes_max, .one_line = true})
                 : "must be text, is " + std::string{entry.kind_name()};
    if (why.empty()) {
      out.push_back(*s);
    } else {
      problems_.add(path, std::move(why), entry.at);
      good = false;
    }
  }
  if (!good) return std::nullopt;
  return out;
}

value::place locate(const value& document, std::string_view path) {
  const auto* at = &document;
  while (!path.empty()) {
    const value* next = nullptr;
    if (path.front() == '[') {
      std::size_t index = 0;
      const auto end = path.find(']');
      if (end == std::string_view::npos) break;
      const auto parsed = std::from_chars(path.data() + 1, path.data() + end, index);
      const auto* entries = at->as_list();
      if (parsed.ec == std::errc{} && entries && index < entries->size()) next = &(*entries)[index];
      path.remove_prefix(end + 1);
    } else {
      const auto end = std::min(path.find_first_of(".["), path.size());
      next = at->find(path.substr(0, end));
      path.remove_prefix(end);
    }
    if (!next) break;
    at = next;
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return at->at;
}

} // namespace penstock
