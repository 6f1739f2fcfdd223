#include "runtime/plan/problem_list.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

constexpr std::size_t kept_max = 100;
constexpr std::size_t told_max = 5;

std::string sentence(const problem& p) {
  if (p.line == 0) return p.message;
  return "line " + std::to_string(p.line) + ", column " + std::to_string(p.column) + ": " + p.message;
}

} // namespace

std::string field_path::text() const {
  if (!parent_) return {};
  std::string out = parent_->text();
  if (name_.empty()) return out + '[' + std::to_string(index_) + ']';
  if (!out.empty()) out += '.';
  return out += name_;
}

void problem_list::add(const std::string& field, value::place at, std::string_view what) {
  if (++count_ > kept_max) return;
  std::string message = field.empty() ? std::string{"the definition"} : field;
  message += ' ';
  message += what;
  kept_.push_back({field, std::move(message), at.line, at.column});
}

void problem_list::add_sentence(const std::string& field, value::place at, std::string sentence) {
  if (++count_ <= kept_max) kept_.push_back({field, std::move(sentence), at.line, at.column});
}

error problem_list::to_error() && {
  // In the order of the text; problems of no known place come last.
  std::stable_sort(kept_.begin(), kept_.end(), [](const problem& a, const problem& b) {
    if ((a.line == 0) != (b.line == 0)) return b.line == 0;
    return std::pair{a.line, a.column} < std::pair{b.line, b.column};
  });
  error e{errc::invalid_argument, {}, std::move(kept_)};
  if (count_ > 1) e.message = std::to_string(count_) + " problems: ";
  const std::size_t told = std::min(told_max, e.problems.size());
  for (std::size_t i = 0; i < told; ++i) e.message += (i == 0 ? "" : "; ") + sentence(e.problems[i]);
  if (count_ > told) e.message += "; and " + std::to_string(count_ - told) + " more";
  return e;
}

std::string did_you_mean(const std::string& name) { return name.empty() ? name : "; did you mean `" + name + "`?"; }

std::string quoted(std::string_view name) {
  constexpr std::size_t longest = 100;
  if (name.size() <= longest) return "`" + std::string{name} + "`";
  std::size_t end = longest;
  while (end > 0 && (name[end] & 0xC0) == 0x80) --end; // Not inside a character.
  return "`" + std::string{name.substr(0, end)} + "…`";
}

std::string any_of(const std::vector<std::string_view>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

} // namespace penstock
