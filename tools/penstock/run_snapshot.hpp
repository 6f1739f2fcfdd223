#pragma once

#include "runtime/model/time.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock::cli {

/// An attempt that failed and was followed by another.
struct attempt_snapshot {
  std::optional<std::uint64_t> item; ///< Of a `for_each` task.
  std::uint64_t attempt = 1;
  std::string started_at; ///< RFC 3339.
  std::optional<milliseconds> took;
  std::string error;
};

/// A task as the server showed it.
struct task_snapshot {
  std::string id;
  std::string type;
  std::string state; ///< pending, running, waiting, succeeded, failed, cancelled, skipped or blocked.
  std::uint64_t attempt = 1;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t items_done = 0;
  std::uint64_t items_total = 0; ///< 0: no `for_each`, or not known yet.
  std::optional<timestamp> started_at;
  std::optional<timestamp> ended_at;
  std::string error;
  std::vector<attempt_snapshot> earlier_attempts;
};

/// A run as the server showed it at one moment.
struct run_snapshot {
  std::string id;
  std::string pipeline; ///< Its name.
  std::string state;    ///< pending, running, success, failed or cancelled.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::optional<timestamp> started_at;
  std::optional<timestamp> ended_at;
  std::string error;
  std::vector<task_snapshot> tasks;

  [[nodiscard]] bool has_ended() const;
  [[nodiscard]] bool has_succeeded() const;
};

/// Reads the answer of `GET /api/pipelines/runs/{id}`.
[[nodiscard]] run_snapshot read_run(const value& answer, std::string pipeline_name);

/// Kinds of states that are shown alike.
enum class task_group { ahead, under_way, done, failed, left_out };
[[nodiscard]] task_group group_of(const task_snapshot& task);

} // namespace penstock::cli
