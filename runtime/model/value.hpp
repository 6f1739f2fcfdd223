#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace penstock {

/// A JSON-like value: parameters, configuration of tasks, fields that a surface keeps for its clients.
/// Objects keep the order in which their members were written; keys are unique (readers refuse repeats).
class value {
public:
  using list = std::vector<value>;
  using member = std::pair<std::string, value>;
  using object = std::vector<member>;

  value() = default;
  value(std::nullptr_t) {}
  value(bool v) : data_(v) {}
  value(std::int64_t v) : data_(v) {}
  value(std::uint32_t v) : data_(std::int64_t{v}) {}
  value(int v) : data_(std::int64_t{v}) {}
  value(double v) : data_(v) {}
  value(std::string v) : data_(std::move(v)) {}
  value(std::string_view v) : data_(std::string{v}) {}
  value(const char* v) : data_(std::string{v}) {}
  value(list v) : data_(std::move(v)) {}
  value(object v) : data_(std::move(v)) {}

  [[nodiscard]] bool is_null() const noexcept { return data_.index() == 0; }
  [[nodiscard]] const bool* as_bool() const noexcept { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* as_int() const noexcept { return std::get_if<std::int64_t>(&data_); }
  /// Only of a value written with fraction or exponent; `number()` takes both.
  [[nodiscard]] const double* as_double() const noexcept { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::string* as_string() const noexcept { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const list* as_list() const noexcept { return std::get_if<list>(&data_); }
  [[nodiscard]] const object* as_object() const noexcept { return std::get_if<object>(&data_); }
  [[nodiscard]] list* as_list() noexcept { return std::get_if<list>(&data_); }
  [[nodiscard]] object* as_object() noexcept { return std::get_if<object>(&data_); }
  [[nodiscard]] bool is_number() const noexcept { return as_int() || as_double(); }
  /// The number of either kind; 0 for anything else.
  [[nodiscard]] double number() const noexcept;

  /// Member of an object; null if this is no object or has no such member.
  [[nodiscard]] const value* find(std::string_view key) const noexcept;
  /// Sets a member, at the end if it is new; a null value becomes an object first.
  /// Must not be called on a value of another kind.
  value& set(std::string_view key, value v);
  /// Appends to a list; a null value becomes a list first.
  void push_back(value v);

  /// "null", "true or false", "an integer", "a number", "text", "a list" or "an object": for messages.
  [[nodiscard]] std::string_view kind_name() const noexcept;

  /// Compares contents; places do not count.
  friend bool operator==(const value& a, const value& b) { return a.data_ == b.data_; }

  /// Where it stood in the text it was read from; 1-based, 0 = unknown.
  struct place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
  };
  place at;

private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, list, object> data_;
};

} // namespace penstock
