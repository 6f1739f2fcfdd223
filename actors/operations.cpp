#include "actors/operations.hpp"

#include <array>
#include <utility>

namespace penstock {

namespace {

constexpr std::array<std::pair<scope, std::string_view>, 5> scope_names{{
  {scope::read_pipelines, "read:pipelines"},
  {scope::read_jobs, "read:jobs"},
  {scope::read_metrics, "read:metrics"},
  {scope::write_pipelines, "write:pipelines"},
  {scope::admin, "admin"},
}};

} // namespace

std::string_view to_text(scope s) noexcept {
  for (const auto& [known, name] : scope_names)
    if (known == s) return name;
  return "none";
}

std::optional<scope> parse_scope(std::string_view text) noexcept {
  for (const auto& [known, name] : scope_names)
    if (name == text) return known;
  return std::nullopt;
}

} // namespace penstock
