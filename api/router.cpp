#include "api/router.hpp"

#include <array>
#include <cassert>
#include <utility>

namespace penstock {
namespace {

constexpr std::size_t verb_count = 8;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Takes one segment off a path that begins with `/`.
std::string_view take_segment(std::string_view& rest) {
  const auto end = rest.find('/', 1);
  const auto segment = rest.substr(1, end == std::string_view::npos ? end : end - 1);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  return segment;
}

bool valid_escapes(std::string_view path) {
  for (std::size_t i = path.find('%'); i != std::string_view::npos; i = path.find('%', i + 1))
    if (i + 2 >= path.size() || hex_digit(path[i + 1]) < 0 || hex_digit(path[i + 2]) < 0 || path.substr(i, 3) == "%00")
      return false;
  return true;
}

} // namespace

bool percent_decode(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

struct router::node {
  std::vector<std::pair<std::string_view, std::unique_ptr<node>>> literals;
  std::string_view parameter; ///< Name of the parameter child.
  std::unique_ptr<node> any;
  std::array<const routed*, verb_count> rows{};
  std::string allow;
  error_style errors = error_style::problem;

  [[nodiscard]] const node* literal(std::string_view segment) const noexcept {
    for (const auto& [text, child] : literals)
      if (text == segment) return child.get();
    return nullptr;
  }

  node& child(std::string_view segment) {
    if (segment.starts_with('{')) {
      const auto name = segment.substr(1, segment.size() - 2);
      if (!any) any = std::make_unique<node>();
      assert((parameter.empty() || parameter == name) && "one place of a path has one name on all surfaces");
      parameter = name;
      return *any;
    }
    for (auto& [text, child] : literals)
      if (text == segment) return *child;
    return *literals.emplace_back(segment, std::make_unique<node>()).second;
  }
};

router::router(std::span<const surface> surfaces) : root_(std::make_unique<node>()) {
  for (const auto& s : surfaces)
    for (const auto& row : s.routes) rows_.push_back({&row, s.errors, rows_.size()});
  for (const auto& target : rows_) {
    auto* at = root_.get();
    for (auto rest = target.row->pattern; !rest.empty();) at = &at->child(take_segment(rest));
    auto& place = at->rows[static_cast<std::size_t>(target.row->method)];
    assert(place == nullptr && "two rows of one method and pattern");
    place = &target;
    at->errors = target.errors;
    if (!at->allow.empty()) at->allow += ", ";
    at->allow += to_text(target.row->method);
    if (target.row->method == verb::get) at->allow += ", HEAD";
  }
}

router::~router() = default;

const router::node* router::descend(const node& at, std::string_view rest, path_values& parameters) const {
  if (rest.empty()) return at.allow.empty() ? nullptr : &at;
  const auto segment = take_segment(rest);
  const bool encoded = segment.find('%') != std::string_view::npos;
  std::string decoded;
  if (encoded && !percent_decode(segment, decoded)) return nullptr;
  if (const auto* child = at.literal(encoded ? std::string_view{decoded} : segment))
    if (const auto* found = descend(*child, rest, parameters)) return found;
  if (!at.any || segment.empty()) return nullptr;
  if (!parameters.add(at.parameter, encoded ? std::move(decoded) : std::string{segment})) return nullptr;
  if (const auto* found = descend(*at.any, rest, parameters)) return found;
  parameters.pop();
  return nullptr;
}

router::match router::find(verb method, std::string_view path, path_values& parameters) const {
  parameters.clear();
  if (path.empty() || path.front() != '/') return {match::outcome::not_found};
  if (!valid_escapes(path)) return {match::outcome::bad_encoding};
  const auto* at = descend(*root_, path, parameters);
  if (!at) return {match::outcome::not_found};
  const auto wanted = method == verb::head ? verb::get : method;
  const auto* target = at->rows[static_cast<std::size_t>(wanted)];
  if (!target) return {match::outcome::wrong_method, nullptr, at->allow, at->errors};
  return {match::outcome::found, target, at->allow, target->errors};
}

} // namespace penstock
