#include "actors/core/messages.hpp"

#include "actors/core/entity_core.hpp"

namespace penstock {

proposal::proposal() = default;
proposal::~proposal() = default;

} // namespace penstock
