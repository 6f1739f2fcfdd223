#pragma once

#include "actors/gateway_protocol.hpp"
#include "actors/partition_protocol.hpp"

#include <caf/fwd.hpp>

#include <vector>

namespace penstock {

/// @param partitions by number: the system partition first.
[[nodiscard]] gateway_actor spawn_gateway(caf::actor_system& sys, std::vector<partition_actor> partitions);

} // namespace penstock
