#include "runtime/plan/plan.hpp"

#include <array>
#include <utility>

namespace penstock {

namespace {

template <class Enum, std::size_t N>
using name_table = std::array<std::pair<Enum, std::string_view>, N>;

constexpr name_table<task_type, 8> task_types{{
  {task_type::noop, "noop"},
  {task_type::shell, "shell"},
  {task_type::sql, "sql"},
  {task_type::http, "http"},
  {task_type::source, "source"},
  {task_type::sink, "sink"},
  {task_type::sleep, "sleep"},
  {task_type::run_pipeline, "run_pipeline"},
}};

constexpr name_table<task_priority, 3> priorities{{
  {task_priority::low, "LOW"},
  {task_priority::normal, "NORMAL"},
  {task_priority::high, "HIGH"},
}};

constexpr name_table<parameter_type, 9> parameter_types{{
  {parameter_type::any, "any"},
  {parameter_type::string, "string"},
  {parameter_type::integer, "integer"},
  {parameter_type::number, "number"},
  {parameter_type::boolean, "boolean"},
  {parameter_type::date, "date"},
  {parameter_type::timestamp, "timestamp"},
  {parameter_type::list, "list"},
  {parameter_type::object, "object"},
}};

template <class Enum, std::size_t N>
std::string_view name_of(const name_table<Enum, N>& table, Enum e) noexcept {
  for (const auto& [value, name] : table)
    if (value == e) return name;
  return "unknown"; // A number of a later version, from a stored plan.
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const name_table<Enum, N>& table, std::string_view text) noexcept {
  for (const auto& [value, name] : table)
    if (name == text) return value;
  return std::nullopt;
}

std::string in_capitals(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

} // namespace

std::string_view to_text(task_type t) noexcept { return name_of(task_types, t); }

std::optional<task_type> parse_task_type(std::string_view text) noexcept { return value_of(task_types, text); }

std::vector<std::string_view> task_type_names() {
  std::vector<std::string_view> names;
  for (const auto& [type, name] : task_types) names.push_back(name);
  return names;
}

std::string_view to_text(task_priority p) noexcept { return name_of(priorities, p); }

std::optional<task_priority> parse_task_priority(std::string_view text) {
  return value_of(priorities, in_capitals(text));
}

std::string_view to_text(parameter_type t) noexcept { return name_of(parameter_types, t); }

std::optional<parameter_type> parse_parameter_type(std::string_view text) noexcept {
  // What other systems call the same.
  static constexpr name_table<parameter_type, 7> also{{
    {parameter_type::string, "text"},
    {parameter_type::integer, "int"},
    {parameter_type::number, "float"},
    {parameter_type::boolean, "bool"},
    {parameter_type::timestamp, "datetime"},
    {parameter_type::list, "array"},
    {parameter_type::object, "map"},
  }};
  const auto found = value_of(parameter_types, text);
  return found ? found : value_of(also, text);
}

std::vector<std::string_view> parameter_type_names() {
  std::vector<std::string_view> names;
  for (const auto& [type, name] : parameter_types) names.push_back(name);
  return names;
}

} // namespace penstock
