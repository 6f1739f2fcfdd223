#pragma once

#include "actors/operations.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

enum class verb : std::uint8_t { get, head, post, put, patch, del, options, other };
[[nodiscard]] std::string_view to_text(verb v) noexcept;

/// ASCII only, as header names and tokens are.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

struct header_view {
  std::string_view name;
  std::string_view value;
};

/// What stood at the `{name}` places of a route's pattern, percent-decoded.
class path_values {
public:
  static constexpr std::size_t count_max = 4;

  void clear() noexcept { count_ = 0; }
  /// False if there is no room.
  bool add(std::string_view name, std::string value);
  void pop() noexcept { --count_; }
  /// Empty if the pattern has no such place.
  [[nodiscard]] std::string_view operator[](std::string_view name) const noexcept;
  /// The one that comes last in the path; empty: there is none.
  [[nodiscard]] std::string_view last() const noexcept {
    return count_ == 0 ? std::string_view{} : std::string_view{entries_[count_ - 1].value};
  }

private:
  struct entry {
    std::string_view name;
    std::string value;
  };
  std::array<entry, count_max> entries_;
  std::size_t count_ = 0;
};

/// One request. Everything in it lives until the handler returns and no longer: what an answer needs, a handler copies.
struct request {
  verb method = verb::get;
  std::string_view path;  ///< As sent, percent-encoded, from `/` on.
  std::string_view query; ///< As sent, without `?`.
  std::vector<header_view> headers;
  std::string_view body;
  static constexpr std::size_t values_max = 100'000; ///< Texts, numbers, lists, objects, … of a JSON body …
  std::optional<std::size_t> definition_values_max; ///< … but where it may hold a definition, as many as that may have.
  path_values parameters;
  caller who;                      ///< Empty on routes that are open to everybody.
  std::string_view id;             ///< `X-Request-Id`.
  std::string_view remote_address; ///< Of the connection's other end; empty: not known.

  /// Value of the first header of that name; null if there is none.
  [[nodiscard]] const std::string_view* header(std::string_view name) const noexcept;
  /// The same as a text of one's own; empty if there is none.
  [[nodiscard]] std::string header_text(std::string_view name) const;
};

} // namespace penstock
