#include "runtime/plan/dialects.hpp"
#include "runtime/plan/surface_sections.hpp"

#include <array>

namespace penstock {

void compile_pipelines(value& root, compile_context& ctx) {
  static constexpr std::array<section_row, 5> rows{{
    {"source", section::source, "source"},
    {"transformations", section::transformations, "transform"},
    {"transforms", section::transformations, "transform"},
    {"destination", section::sink, "destination"},
    {"quality_checks", section::checks, {}},
  }};
  const field_path top;
  for (const std::string_view name : {"source", "destination"})
    if (!root.find(name))
      ctx.problems.add(top.member(name), root.at, "is missing; a definition has source and destination");
  compile_sections(root, rows, ctx);
}

} // namespace penstock
