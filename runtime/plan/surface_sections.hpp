#pragma once

#include "runtime/plan/task_draft.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace penstock {

/// What a field of a surface's own form holds.
enum class section : std::uint8_t { source, sources, transformations, sink, sinks, checks };

/// One field of such a form.
struct section_row {
  std::string_view name;
  section what = section::source;
  std::string_view id; ///< Of the task; of several: what their numbers stand behind where they have no names.
};

/// Compiles a definition made of such fields, in the order of `rows`. A field that none of them and no head field
/// resembles has no effect and gives a warning, as documents carry fields of other systems.
void compile_sections(value& root, std::span<const section_row> rows, compile_context& ctx);

} // namespace penstock
