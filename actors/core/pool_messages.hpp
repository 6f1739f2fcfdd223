#pragma once

#include "runtime/lifecycle/run_state.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>

/// What pools are told; they answer with `lease_granted`.
namespace penstock {

/// What asks for a lease or holds one: a task of a run, or an item of one.
struct lease_holder {
  run_id run;
  std::uint32_t task = 0;
  std::uint32_t item = no_item;

  friend auto operator<=>(const lease_holder&, const lease_holder&) = default;
};

struct pool_name {
  workspace_id workspace;
  std::string name;

  friend auto operator<=>(const pool_name&, const pool_name&) = default;
};

/// Asks for a lease, which is granted at once or when it is its turn. A repeat is harmless: what is held is granted again.
/// Not stored: whoever waits asks again after a crash.
struct ask_pool {
  pool_name pool;
  lease_holder who;
  std::uint32_t attempt = 1; ///< A later one takes the lease over from the one before.
  pipeline_id pipeline;      ///< Pipelines take turns.
  task_priority priority = task_priority::normal;
};

/// Gives back the lease with just this number.
struct release_lease {
  lease_holder who;
  std::uint64_t number = 0;
  std::function<void()> taken;
};

/// A run gives back all it holds and asks for nothing any more.
struct leave_pool {
  run_id run;
  std::function<void()> taken;
};

/// The pool's limit was set or taken away, or the server has started: let begin whoever may.
struct pool_changed {
  pool_name pool;
  std::function<void()> taken;
};

using pool_command = std::variant<ask_pool, release_lease, leave_pool, pool_changed>;

} // namespace penstock
