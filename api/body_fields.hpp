#pragma once

#include "api/request_problems.hpp"
#include "runtime/model/ids.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Reads the members of a JSON object by name and notes what is wrong with each in a `request_problems`. Members that
/// nobody asks for are ignored. A null stands for a member left out, except where it is asked for with `is_null`.
class body_fields {
public:
  /// `body` must be an object and outlive the reader.
  body_fields(const value& body, request_problems& problems) : body_(body), problems_(problems) {}

  /// Given and not null.
  [[nodiscard]] bool has(std::string_view name) const noexcept;
  [[nodiscard]] bool is_null(std::string_view name) const noexcept;
  /// The member, if it is given and not null.
  [[nodiscard]] const value* find(std::string_view name) const noexcept;

  struct text_rule {
    bool required = false;
    std::size_t bytes_min = 0;
    std::size_t bytes_max = 10'000;
    bool one_line = false; ///< No control characters, not blank.
  };
  [[nodiscard]] std::optional<std::string> text(std::string_view name, const text_rule& rule);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high);
  [[nodiscard]] std::optional<uuid> id(std::string_view name);
  [[nodiscard]] std::optional<value> object(std::string_view name);

  struct list_rule {
    bool required = false;
    std::size_t count_max = 100;
    std::size_t bytes_max = 100; ///< Of each.
  };
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view name, const list_rule& rule);

  void missing(std::string_view name, std::string_view kind);
  void wrong(std::string_view name, std::string message);

private:
  /// Notes that `v` should have been `kind`.
  void wrong_kind(std::string_view name, const value& v, std::string_view kind);

  const value& body_;
  request_problems& problems_;
};

/// Where the member of that path (`tasks[2].sql`) stands in `document`, or the nearest one around it.
[[nodiscard]] value::place locate(const value& document, std::string_view path);

} // namespace penstock
