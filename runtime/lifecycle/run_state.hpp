#pragma once

#include "runtime/lifecycle/bound_plan.hpp"
#include "runtime/model/records.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock {

/// In place of an item number: the task itself.
inline constexpr std::uint32_t no_item = UINT32_MAX;
/// In place of an item number: the attempt that reads the rows a `for_each` goes over.
inline constexpr std::uint32_t expand_item = UINT32_MAX - 1;

/// Tasks and items of one run that may be under way (offered to a worker, waiting for a timer or a child) at once; the
/// others wait for their turn in memory, so that neither a decision nor the workers' queues grow with the run.
inline constexpr std::uint32_t outstanding_max = 10'000;

/// Bytes of parameters that one decision gives to child runs; further children begin when others have ended.
inline constexpr std::size_t child_bytes_max = 16u << 20;

/// Items of one run that may wait for a lease of a pool at once; tasks behind them that need none go on meanwhile.
inline constexpr std::uint32_t asked_items_max = 1'000;

/// How many names of pipelines a run keeps the meaning of; those beyond are looked up each time.
inline constexpr std::size_t callees_max = 100;

/// A run that a task or item started and waits for.
struct child_run {
  run_id run;
  pipeline_id pipeline; ///< Nil: read from a record that does not tell.

  friend bool operator==(const child_run&, const child_run&) = default;
};

/// One item of a `for_each` task.
struct item_state {
  task_status status = task_status::pending;
  std::uint32_t attempt = 1;
};

/// A `for_each` task that has begun.
struct fan_state {
  value items;                      ///< A list; null when the items are just numbers.
  std::vector<item_state> all;      ///< One each.
  std::uint32_t next = 0;           ///< Items below it have begun; restored ones that had not ended lie in `again`.
  std::vector<std::uint32_t> again; ///< Items to begin (again) before `next`, last one first.
  std::uint32_t ended = 0;
  std::uint32_t failed = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::optional<timestamp> started_at; ///< When the first of the ended items began, each with its last attempt.
  std::string first_error;
  std::vector<artifact> artifacts;
  /// Of items under way, or that may have been before a restart.
  std::unordered_map<std::uint32_t, child_run> children;
  /// Of an item that waits for a timer.
  struct wait {
    timestamp due;
    std::optional<timestamp> since;
  };
  std::unordered_map<std::uint32_t, wait> waits;

  [[nodiscard]] bool has_more() const noexcept { return !again.empty() || next < all.size(); }
};

/// The earlier of two times, of which either may be unknown.
[[nodiscard]] inline std::optional<timestamp> earlier(std::optional<timestamp> a, std::optional<timestamp> b) {
  return !a || (b && *b < *a) ? b : a;
}

struct task_state {
  task_status status = task_status::pending;
  std::uint32_t attempt = 1;
  std::uint32_t needs_left = 0; ///< Needed tasks that have not succeeded yet.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::optional<timestamp> due_at;     ///< `waiting` for a timer: when.
  std::optional<timestamp> started_at; ///< `waiting` for a timer: since when.
  std::optional<child_run> child;      ///< Under way, or it may have been before a restart.
  std::vector<artifact> artifacts;     ///< Of a `for_each` task those of all items, once it ended.
  std::unique_ptr<fan_state> fan;      ///< `for_each`, from when its items are known until it ends.
};

/// A run in memory: everything `decide` looks at. Built by `load_run`, changed by `apply` alone.
struct run_state {
  run_record header;
  std::shared_ptr<const bound_plan> graph;
  std::shared_ptr<const value> parameters; ///< An object; never null.
  std::string first_error;                 ///< Of the first task that failed, as shown to people.

  std::vector<task_state> tasks;
  std::deque<task_index> ready;  ///< May begin; all they need succeeded.
  std::deque<task_index> fans;   ///< `for_each` tasks with items that have not begun.
  std::uint32_t outstanding = 0; ///< Attempts, timers and children under way.
  std::uint32_t waiting = 0;     ///< Of these, the ones that only wait for a timer, which the store knows of.
  std::uint32_t settled = 0;     ///< Tasks that ended, were skipped or are blocked.
  std::uint32_t asked = 0;       ///< Of `leases`, the ones that are not granted yet.
  /// Of tasks and items (`lease_place`) that hold a lease of their pool, its number; 0: it waits for one.
  std::unordered_map<std::uint64_t, std::uint64_t> leases;
  bool any_failed = false;

  /// Where a task's or item's lease stands in `leases`.
  [[nodiscard]] static std::uint64_t lease_place(task_index task, std::uint32_t item) noexcept {
    return std::uint64_t{task} << 32 | item;
  }

  /// Whether workers, children or pools were asked for something that only this memory knows of.
  [[nodiscard]] bool is_under_way() const noexcept { return outstanding > waiting; }
};

} // namespace penstock
