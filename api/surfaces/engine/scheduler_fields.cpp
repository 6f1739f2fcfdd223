#include "api/surfaces/engine/scheduler_fields.hpp"

#include "api/request.hpp"
#include "runtime/calendar/time_zone.hpp"
#include "runtime/model/json.hpp"

namespace penstock::engine_surface {
namespace {

constexpr std::uint64_t list_max = 1'000;
constexpr std::uint64_t offset_max = 1'000'000'000;

std::optional<task_priority> parse_priority(std::string_view word) noexcept {
  const auto is = [&](std::string_view known) { return equal_ignoring_case(word, known); };
  if (is("LOW")) return task_priority::low;
  if (is("MEDIUM") || is("NORMAL")) return task_priority::normal;
  if (is("HIGH")) return task_priority::high;
  return std::nullopt;
}

} // namespace

std::optional<task_priority> read_priority(body_fields& fields) {
  return read_word<task_priority>(fields, "priority", "LOW, MEDIUM or HIGH", &parse_priority);
}

std::string_view priority_word(std::uint8_t priority) noexcept {
  switch (static_cast<task_priority>(priority)) {
    case task_priority::low: return "LOW";
    case task_priority::normal: return "MEDIUM";
    case task_priority::high: return "HIGH";
  }
  return "MEDIUM";
}

kept_parameters read_parameters(body_fields& fields) {
  kept_parameters out;
  const bool by_other_name = fields.has("parameterOverrides");
  if (by_other_name && fields.has("parameters"))
    fields.wrong("parameterOverrides", "is another name of parameters; give one of the two");
  if (by_other_name) out.field = "parameterOverrides";
  out.given = fields.object(out.field);
  if (out.given && write_json(*out.given).size() > kept_bytes_max)
    fields.wrong(out.field, "must be at most " + std::to_string(kept_bytes_max) + " bytes as JSON");
  if (!out.given && (fields.is_null("parameters") || fields.is_null("parameterOverrides")))
    out.given = value{value::object{}};
  return out;
}

error in_terms_of_parameters(error e, std::string_view field) {
  constexpr std::string_view known = "parameters";
  for (auto& p : e.problems)
    if (p.field.starts_with(known)) p.field.replace(0, known.size(), field);
  return e;
}

void add_zone_problem(request_problems& problems, const std::string& zone) {
  if (const auto found = find_time_zone(zone); !found) problems.add("timezone", found.error().message);
}

page read_page(const query_fields& query) {
  return {static_cast<std::uint32_t>(query.number("limit", list_max, 1, list_max)),
          query.number("offset", 0, 0, offset_max)};
}

std::string to_short_rfc3339(timestamp t) {
  auto text = to_rfc3339(t);
  constexpr std::string_view no_fraction = ".000Z";
  if (text.ends_with(no_fraction)) text.replace(text.size() - no_fraction.size(), no_fraction.size(), "Z");
  return text;
}

std::optional<std::string> to_short_rfc3339(const std::optional<timestamp>& t) {
  return t ? std::optional{to_short_rfc3339(*t)} : std::nullopt;
}

} // namespace penstock::engine_surface
