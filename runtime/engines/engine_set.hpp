#pragma once

#include "runtime/engines/engine.hpp"
#include "runtime/engines/process.hpp"
#include "runtime/seams.hpp"

#include <memory>

namespace penstock {

/// Who starts processes for the engines; shared with whoever else needs them, e.g. `sql_checker`.
struct engine_processes {
  std::shared_ptr<process_starter> programs; ///< In `process_keeper_mode`.
  std::shared_ptr<process_starter> sql;      ///< In `sql_keeper_mode`.
};

/// The real ones. Nothing is started before the first need.
[[nodiscard]] engine_processes system_engine_processes(const engine_settings& settings);

/// All engines of a node as one that dispatches by task type. Each lets wait what it has no place for (`fair_queue`).
/// Destroying it stops what is running and calls `done` for it.
class engine_set : public engine {
public:
  /// Whether an attempt of this type would begin at once instead of waiting for others.
  [[nodiscard]] virtual bool can_start(task_type type) const = 0;
};

[[nodiscard]] std::unique_ptr<engine_set> make_engines(const engine_settings& settings,
                                                       std::shared_ptr<clock_source> clock, engine_processes processes);
[[nodiscard]] std::unique_ptr<engine_set> make_engines(const engine_settings& settings,
                                                       std::shared_ptr<clock_source> clock);

} // namespace penstock
