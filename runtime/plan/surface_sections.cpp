#include "runtime/plan/surface_sections.hpp"

#include "runtime/model/nearest_name.hpp"
#include "runtime/plan/dialects.hpp"
#include "runtime/plan/surface_steps.hpp"

#include <algorithm>
#include <vector>

namespace penstock {

namespace {

void take_other_field(std::string_view name, value& v, const field_path& path, std::span<const section_row> rows,
                      compile_context& ctx) {
  if (name == "version" || take_head_field(name, v, path, ctx)) return;
  std::vector<std::string_view> known = head_field_names();
  for (const section_row& row : rows) known.push_back(row.name);
  const std::string near = nearest_name(name, known);
  if (!near.empty()) refuse_head_field(name, v, known, ctx);
  else ctx.warn("field " + quoted(name) + " has no effect" + where_it_belongs(name), {}, {});
}

void take_section(const section_row& row, value& v, surface_steps& steps) {
  const field_path top;
  const field_path path = top.member(row.name);
  switch (row.what) {
    case section::source: return steps.add_source(v, path, std::string{row.id});
    case section::sources: return steps.add_all(v, path, task_type::source, row.id);
    case section::transformations: return steps.add_all(v, path, task_type::sql, row.id);
    case section::sink: return steps.add_sink(v, path, std::string{row.id});
    case section::sinks: return steps.add_all(v, path, task_type::sink, row.id);
    case section::checks: return steps.add_checks(v, path);
  }
}

} // namespace

void compile_sections(value& root, std::span<const section_row> rows, compile_context& ctx) {
  const field_path top;
  // The head first, wherever it stands: steps take its defaults.
  for (auto& [name, v] : *root.as_object()) {
    const bool is_section = std::any_of(rows.begin(), rows.end(), [&](const section_row& r) { return r.name == name; });
    if (!is_section) take_other_field(name, v, top.member(name), rows, ctx);
  }
  surface_steps steps(ctx);
  for (const section_row& row : rows)
    for (auto& [name, v] : *root.as_object())
      if (name == row.name) take_section(row, v, steps);
}

} // namespace penstock
