#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Where a field stands in a definition, e.g. `tasks[2].sql`: linked to the path around it, so that a path costs
/// nothing until a problem names it. The path around must live as long.
class field_path {
public:
  /// The document as a whole.
  field_path() = default;

  [[nodiscard]] field_path member(std::string_view name) const& noexcept { return {this, name, 0}; }
  [[nodiscard]] field_path element(std::size_t index) const& noexcept { return {this, {}, index}; }
  field_path member(std::string_view name) && = delete; // It would outlive what it is linked to.
  field_path element(std::size_t index) && = delete;

  [[nodiscard]] std::string text() const;

private:
  field_path(const field_path* parent, std::string_view name, std::size_t index) noexcept
      : parent_(parent), name_(name), index_(index) {}

  const field_path* parent_ = nullptr;
  std::string_view name_; ///< Empty: an element of a list.
  std::size_t index_ = 0;
};

/// Collects everything wrong with a definition.
class problem_list {
public:
  /// Adds "<field> <what>", e.g. "tasks[2].sql must be text, not a list", at the place of the value concerned.
  void add(const field_path& field, value::place at, std::string_view what) { add(field.text(), at, what); }
  void add(const std::string& field, value::place at, std::string_view what);
  /// Adds what is a sentence of its own.
  void add_sentence(const std::string& field, value::place at, std::string sentence);

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Whether few enough were found that it pays to search for the name that was meant.
  [[nodiscard]] bool few() const noexcept { return count_ < 10; }

  /// One error that holds the problems (the first hundred) and tells them in a sentence.
  [[nodiscard]] error to_error() &&;

private:
  std::vector<problem> kept_;
  std::size_t count_ = 0;
};

/// "; did you mean `name`?", or nothing if `name` is empty.
[[nodiscard]] std::string did_you_mean(const std::string& name);

/// A name of a stranger as messages show it: in backquotes, at a bearable length.
[[nodiscard]] std::string quoted(std::string_view name);

/// "a, b or c".
[[nodiscard]] std::string any_of(const std::vector<std::string_view>& names);

} // namespace penstock
