#include "actors/core/messages.hpp"

#include "actors/core/entity_core.hpp"

namespace penstock {

proposal::proposal() = default;
proposal::~proposal() = default;

namespace {

template <class Command>
void set_taken(Command& command, std::function<void()>& taken) {
  if constexpr (requires { command.taken; }) command.taken = std::move(taken);
}

} // namespace

entity_command with_taken(entity_command command, std::function<void()> taken) {
  std::visit(
    [&](auto& c) {
      if constexpr (requires { c.index(); }) std::visit([&](auto& inner) { set_taken(inner, taken); }, c);
      else set_taken(c, taken);
    },
    command);
  return command;
}

} // namespace penstock
