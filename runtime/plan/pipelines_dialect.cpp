#include "runtime/plan/dialects.hpp"
#include "runtime/plan/surface_sections.hpp"
#include "runtime/plan/task_fields.hpp"

#include <array>

namespace penstock {

namespace {

/// A part that an unfinished definition may lack, and what comes of it.
struct part {
  std::string_view name;
  std::string_view without;
};
constexpr std::array parts{
  part{"source", "source is missing, so there is nothing to read"},
  part{"destination", "destination is missing, so what is made is only kept as the run's output"},
};

/// A sink without anything to write cannot be a task that runs.
void leave_out_lone_sinks(compile_context& ctx) {
  for (auto& draft : ctx.drafts)
    if (draft.spec.type == task_type::sink && draft.needs.empty() && draft.spec.unavailable.empty())
      mark_unavailable(draft, "there is nothing to write, as the definition has no source", ctx);
}

void warn_of_missing(const value& root, compile_context& ctx) {
  if (ctx.drafts.empty()) {
    ctx.warn("there are no tasks yet: give source and destination, or a definition; until then a run succeeds at once",
             {}, {});
    return;
  }
  for (const part& p : parts)
    if (!root.find(p.name)) ctx.warn(std::string{p.without}, {}, {});
  leave_out_lone_sinks(ctx);
}

} // namespace

void compile_pipelines(value& root, compile_context& ctx) {
  static constexpr std::array<section_row, 5> rows{{
    {"source", section::source, "source"},
    {"transformations", section::transformations, "transform"},
    {"transforms", section::transformations, "transform"},
    {"destination", section::sink, "destination"},
    {"quality_checks", section::checks, {}},
  }};
  const field_path top;
  for (const part& p : parts)
    if (!ctx.options.unfinished && !root.find(p.name))
      ctx.problems.add(top.member(p.name), root.at, "is missing; a definition has source and destination");
  compile_sections(root, rows, ctx);
  if (ctx.options.unfinished) warn_of_missing(root, ctx);
}

} // namespace penstock
