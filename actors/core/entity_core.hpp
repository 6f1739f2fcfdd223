#pragma once

#include "actors/core/messages.hpp"
#include "actors/core/plan_cache.hpp"
#include "actors/core/system_tables.hpp"
#include "actors/core/webhook_settings.hpp"
#include "runtime/seams.hpp"
#include "storage/sealing.hpp"
#include "storage/store.hpp"

#include <memory>

namespace penstock {

struct event_renderer;
struct pool_figures;

/// What entities may look at. Owned by the node; outlives them.
struct entity_surroundings {
  const state_reader& state;
  const sealer& seals;
  plan_cache& plans;
  random_source& random;
  const engine_settings& engines;
  partition_id partition_count = 8;
  const system_registry* registry = nullptr; ///< Never null; what the system partition knows, as far as it is durable.
  const event_renderer* render = nullptr;    ///< Null: events are not raised.
  webhook_settings webhooks = {};
  pool_figures* pools = nullptr; ///< Null: nobody counts.
};

/// A pipeline, a run or the keyring: decides, applies in memory at once, and hands over what is to become durable. Knows
/// no actor; used from one thread at a time.
class entity_core {
public:
  virtual ~entity_core() = default;

  /// @param now the partition's clock.
  [[nodiscard]] virtual std::unique_ptr<proposal> handle(entity_command command, timestamp now) = 0;
};

} // namespace penstock
