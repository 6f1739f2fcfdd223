#pragma once

#include "actors/operations.hpp"
#include "api/body_fields.hpp"
#include "api/query_fields.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What the scheduler's requests have in common.
namespace penstock::engine_surface {

inline constexpr std::size_t zone_bytes_max = 64;
inline constexpr std::size_t calendar_name_bytes_max = 100;
/// Of parameters that are kept for runs to come, and of maintenance windows, as JSON.
inline constexpr std::size_t kept_bytes_max = 64u << 10;

/// One of a few words, in capitals or small letters. Anything else is a problem that lists them.
template <class T>
[[nodiscard]] std::optional<T> read_word(body_fields& fields, std::string_view name, std::string_view words,
                                         std::optional<T> (*parse)(std::string_view) noexcept) {
  const auto given = fields.text(name, {});
  if (!given) return std::nullopt;
  const auto known = parse(*given);
  constexpr std::size_t quoted_bytes_max = 40;
  if (!known)
    fields.wrong(name, "must be " + std::string{words} +
                         (given->size() <= quoted_bytes_max ? ", is \"" + *given + "\"" : std::string{}));
  return known;
}

/// `LOW`, `MEDIUM`, `HIGH`, and `NORMAL` for `MEDIUM`.
[[nodiscard]] std::optional<task_priority> read_priority(body_fields& fields);
[[nodiscard]] std::string_view priority_word(std::uint8_t priority) noexcept;

/// Parameters for runs to come, and the name they were given by.
struct kept_parameters {
  std::string_view field = "parameters";
  std::optional<value> given; ///< Null takes them away.
};
/// `parameters` or `parameterOverrides`; both are a problem.
[[nodiscard]] kept_parameters read_parameters(body_fields& fields);
/// An operation's error about parameters, in terms of the field they were given by.
[[nodiscard]] error in_terms_of_parameters(error e, std::string_view field);

/// Adds that there is no such time zone. Looks into the machine's time zone database: only for requests that are
/// refused anyway; operations find out by themselves, where waiting does not matter.
void add_zone_problem(request_problems& problems, const std::string& zone);

/// `limit` and `offset` of a list: up to 1000 entries.
[[nodiscard]] page read_page(const query_fields& query);

/// RFC 3339 without a fraction that is zero, as times of schedules are written.
[[nodiscard]] std::string to_short_rfc3339(timestamp t);
[[nodiscard]] std::optional<std::string> to_short_rfc3339(const std::optional<timestamp>& t);

} // namespace penstock::engine_surface
