#include "runtime/plan/placeholders.hpp"

#include "runtime/model/json.hpp"
#include "runtime/model/value_size.hpp"

#include <optional>
#include <utility>

namespace penstock {

namespace {

constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";
constexpr std::string_view space = " \t\r\n";
constexpr std::string_view how_to_escape = R"(; for the text `{{` itself write `{{ "{{" }}`)";

/// One `{{ … }}` in a text.
struct placeholder {
  std::size_t begin = 0;   ///< Of the first brace.
  std::size_t end = 0;     ///< Behind the last brace; `npos` if it is not closed.
  std::string_view path;   ///< What stands inside, without the space around; of a literal what its quotes hold.
  bool is_literal = false; ///< `{{ "text" }}` or `{{ 'text' }}`: stands for that text as it is.
};

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// The literal that begins with the braces at `begin`. It may hold `}}`, so it is looked for before they are.
std::optional<placeholder> literal_at(std::string_view text, std::size_t begin) noexcept {
  constexpr std::size_t none = std::string_view::npos;
  const std::size_t quote = text.find_first_not_of(space, begin + opening.size());
  if (quote == none || (text[quote] != '"' && text[quote] != '\'')) return std::nullopt;
  const std::size_t unquote = text.find(text[quote], quote + 1);
  if (unquote == none) return std::nullopt;
  const std::size_t close = text.find_first_not_of(space, unquote + 1);
  if (close == none || !text.substr(close).starts_with(closing)) return std::nullopt;
  return placeholder{begin, close + closing.size(), text.substr(quote + 1, unquote - quote - 1), true};
}

std::optional<placeholder> next_placeholder(std::string_view text, std::size_t from) noexcept {
  const std::size_t begin = text.find(opening, from);
  if (begin == std::string_view::npos) return std::nullopt;
  if (const auto literal = literal_at(text, begin)) return literal;
  const std::size_t inside = begin + opening.size();
  const std::size_t close = text.find(closing, inside);
  if (close == std::string_view::npos) return placeholder{begin, close, trimmed(text.substr(inside))};
  return placeholder{begin, close + closing.size(), trimmed(text.substr(inside, close - inside))};
}

/// A placeholder as messages show it, at a bearable length.
std::string shown(std::string_view path) {
  constexpr std::size_t longest = 80;
  if (path.size() > longest) return "`{{ " + std::string{path.substr(0, longest)} + "…`";
  return "`{{ " + std::string{path} + " }}`";
}

bool is_word(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool word =
      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!word) return false;
  }
  return true;
}

/// The part up to the first dot, and what follows it.
std::pair<std::string_view, std::string_view> split_at_dot(std::string_view path) noexcept {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {path, {}};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

/// Empty if the placeholder is well formed: a literal, or a known root and words between dots.
std::string syntax_problem(const placeholder& p) {
  if (p.is_literal) return {};
  if (p.end == std::string_view::npos) return "`{{` is not closed by `}}`" + std::string{how_to_escape};
  const auto [root, members] = split_at_dot(p.path);
  const bool takes_members = root == "params" || root == "run" || root == "connection";
  if (!takes_members && root != "item")
    return shown(p.path) + " begins with none of params, run, item, connection" + std::string{how_to_escape};
  if (takes_members && members.empty()) return shown(p.path) + " needs a name behind `" + std::string{root} + ".`";
  std::string_view rest = p.path;
  while (!rest.empty()) {
    const auto [word, behind] = split_at_dot(rest);
    if (!is_word(word) || (behind.empty() && rest.ends_with('.')))
      return shown(p.path) + " is not names with dots between them; nothing else is evaluated";
    rest = behind;
  }
  return {};
}

class substitution {
public:
  substitution(const placeholder_scope& scope, placeholder_budget& budget) : scope_(scope), budget_(budget) {}

  result<value> all(const value& v) const {
    if (const auto* text = v.as_string()) return in_text(*text, v);
    if (const auto* items = v.as_list()) {
      value::list made;
      made.reserve(items->size());
      for (const value& item : *items) {
        auto one = all(item);
        if (!one) return one;
        made.push_back(std::move(*one));
      }
      return value{std::move(made)};
    }
    if (const auto* members = v.as_object()) {
      value::object made;
      made.reserve(members->size());
      for (const auto& [key, member] : *members) {
        auto one = all(member);
        if (!one) return one;
        made.emplace_back(key, std::move(*one));
      }
      return value{std::move(made)};
    }
    return v;
  }

private:
  result<value> in_text(const std::string& text, const value& whole) const {
    auto p = next_placeholder(text, 0);
    if (!p) return whole;
    if (p->begin == 0 && p->end == text.size()) return put_in(*p);
    std::string out;
    std::size_t copied = 0;
    for (; p; p = next_placeholder(text, copied)) {
      const auto found = put_in(*p);
      if (!found) return found;
      out.append(text, copied, p->begin - copied);
      if (const auto* inner = found->as_string()) out += *inner;
      else out += write_json(*found);
      copied = p->end;
    }
    out.append(text, copied);
    return value{std::move(out)};
  }

  /// A copy of what the placeholder stands for, paid for.
  result<value> put_in(const placeholder& p) const {
    if (auto why = syntax_problem(p); !why.empty()) return fail(errc::invalid_argument, std::move(why));
    if (p.is_literal) return value{std::string{p.path}};
    const auto found = look_up(p);
    if (!found) return unexpected(found.error());
    if (!pay(**found))
      return fail(errc::too_large,
                  "the placeholders put in more than " + std::to_string(placeholder_budget::bytes_max >> 20) +
                    " MiB, the most that the fields of a task take; " + shown(p.path) + " has no more room");
    return **found;
  }

  bool pay(const value& v) const {
    const std::size_t bytes = memory_bytes(v);
    if (bytes > budget_.bytes_left) return false;
    budget_.bytes_left -= bytes;
    return true;
  }

  result<const value*> look_up(const placeholder& p) const {
    auto [root, rest] = split_at_dot(p.path);
    const value* found = root_value(root);
    if (!found)
      return fail(errc::invalid_argument,
                  shown(p.path) + " means nothing here: there is no `" + std::string{root} + "`");
    while (!rest.empty()) {
      const auto [word, behind] = split_at_dot(rest);
      found = found->find(word);
      if (!found)
        return fail(
          errc::invalid_argument,
          shown(p.path) + " means nothing here: there is no `" +
            std::string{p.path.substr(0, static_cast<std::size_t>(word.data() + word.size() - p.path.data()))} + "`");
      rest = behind;
    }
    return found;
  }

  const value* root_value(std::string_view root) const noexcept {
    if (root == "params") return scope_.params;
    if (root == "run") return scope_.run;
    if (root == "item") return scope_.item;
    return scope_.connection;
  }

  const placeholder_scope& scope_;
  placeholder_budget& budget_;
};

} // namespace

result<value> substitute(const value& v, const placeholder_scope& scope, placeholder_budget& budget) {
  return substitution{scope, budget}.all(v);
}

result<value> substitute(const value& v, const placeholder_scope& scope) {
  placeholder_budget budget;
  return substitute(v, scope, budget);
}

std::vector<std::string> check_placeholders(const std::string& text) {
  constexpr std::size_t told_max = 100;
  std::vector<std::string> problems;
  for (auto p = next_placeholder(text, 0); p && problems.size() < told_max; p = next_placeholder(text, p->end))
    if (auto why = syntax_problem(*p); !why.empty()) problems.push_back(std::move(why));
  return problems;
}

bool is_placeholder(std::string_view text) noexcept {
  const auto p = next_placeholder(text, 0);
  return p && p->begin == 0 && p->end == text.size();
}

std::vector<std::string_view> placeholder_paths(std::string_view text) {
  std::vector<std::string_view> paths;
  for (auto p = next_placeholder(text, 0); p && p->end != std::string_view::npos; p = next_placeholder(text, p->end))
    if (!p->is_literal && syntax_problem(*p).empty()) paths.push_back(p->path);
  return paths;
}

std::string replace_placeholders(std::string_view text, std::string_view stand_in) {
  std::string out;
  std::size_t copied = 0;
  for (auto p = next_placeholder(text, 0); p && p->end != std::string_view::npos; p = next_placeholder(text, copied)) {
    out += text.substr(copied, p->begin - copied);
    out += p->is_literal ? p->path : stand_in;
    copied = p->end;
  }
  out += text.substr(copied);
  return out;
}

bool is_truthy(const value& v) noexcept {
  if (const auto* b = v.as_bool()) return *b;
  if (v.is_number()) return v.number() != 0;
  if (const auto* s = v.as_string()) return !s->empty() && *s != "false" && *s != "0";
  if (const auto* l = v.as_list()) return !l->empty();
  if (const auto* o = v.as_object()) return !o->empty();
  return false;
}

} // namespace penstock
