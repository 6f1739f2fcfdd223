#pragma once

#include "api/request_problems.hpp"
#include "runtime/model/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

/// The query of a request, decoded (`%xx` and `+`), read by name like the fields of a body. Names that nobody asks for
/// are ignored; an empty value is as good as none.
class query_fields {
public:
  query_fields(std::string_view query, request_problems& problems);

  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<uuid> id(std::string_view name) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view name) const;
  /// At least `low`; above `held_to` it is held to it.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t fallback, std::uint64_t low,
                                     std::uint64_t held_to) const;

private:
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;

  std::vector<std::pair<std::string, std::string>> entries_;
  request_problems& problems_;
};

} // namespace penstock
