#pragma once

#include "actors/core/messages.hpp"

#include <optional>

/// What passes between a parent run and the pipeline of its child.
namespace penstock {

/// The start that a parent asks for, with the parameters moved out of what it asked. Asked again, it finds the same run.
[[nodiscard]] start_run start_of_child(ask_child& child);

/// What the parent learns from the pipeline's answer: that there will be no child, or how it has ended long since. Nothing
/// while the child works: its own message will tell.
[[nodiscard]] std::optional<child_ended> end_of_child(const ask_child& child, const result<started_run>& answer);

} // namespace penstock
