#include "runtime/plan/dialects.hpp"
#include "runtime/plan/surface_sections.hpp"

#include <array>

namespace penstock {

void compile_engine(value& root, compile_context& ctx) {
  static constexpr std::array<section_row, 7> rows{{
    {"source", section::source, "source"},
    {"sources", section::sources, "source"},
    {"transformations", section::transformations, "transform"},
    {"transforms", section::transformations, "transform"},
    {"target", section::sink, "target"},
    {"sinks", section::sinks, "sink"},
    {"quality_checks", section::checks, {}},
  }};
  const auto has = [&](std::string_view name) { return root.find(name) != nullptr; };
  const field_path top;
  if (!has("source") && !has("sources"))
    ctx.problems.add(top.member("sources"), root.at, "is missing; a definition has source or sources");
  const bool ends = has("target") || has("sinks") || has("transformations") || has("transforms");
  if (!ends)
    ctx.problems.add(top.member("target"), root.at, "is missing; a definition has target, sinks or transformations");
  compile_sections(root, rows, ctx);
}

} // namespace penstock
