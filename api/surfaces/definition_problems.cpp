#include "api/surfaces/definition_problems.hpp"

#include "api/body_fields.hpp"

namespace penstock {
namespace {

void place(problem& p, const definition_field& field) {
  if (field.object) {
    const auto at = locate(*field.object, p.field);
    p.line = at.line;
    p.column = at.column;
  }
  if (field.name.empty()) return;
  const std::string name{field.name};
  p.field = p.field.empty() ? name : name + "." + p.field;
}

} // namespace

error in_terms_of_request(error e, const definition_field& field) {
  if (e.code != errc::invalid_argument || e.problems.empty()) return e;
  for (auto& p : e.problems) place(p, field);
  if (!field.object) return e;
  // The compiler's sentence counts lines in our copy of the object, which nobody has seen.
  request_problems told;
  for (auto& p : e.problems) told.add(std::move(p));
  return told.take();
}

void add_definition_problems(request_problems& problems, const definition& source, const definition_field& field,
                             const definition_limits& limits) {
  compile_options options;
  options.limits = limits;
  auto compiled = compile(source, options);
  if (compiled) return;
  for (auto& p : compiled.error().problems) {
    place(p, field);
    problems.add(std::move(p));
  }
}

} // namespace penstock
