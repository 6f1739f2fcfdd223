#pragma once

#include "runtime/model/time.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock::cli {

/// A task as the server showed it. States are the server's words in lower case.
struct task_snapshot {
  std::string id;
  std::string type;
  std::string state;
  std::uint64_t attempt = 1;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t items_done = 0;
  std::uint64_t items_total = 0; ///< 0: no `for_each`, or not known yet.
  std::optional<timestamp> started_at;
  std::optional<timestamp> ended_at;
  std::string error;
};

/// A run as the server showed it at one moment.
struct run_snapshot {
  std::string id;
  std::string pipeline; ///< Its name, or its id if the server did not tell the name.
  std::string state;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::optional<timestamp> started_at;
  std::optional<timestamp> ended_at;
  std::string error;
  std::vector<task_snapshot> tasks;

  [[nodiscard]] bool has_ended() const;
  [[nodiscard]] bool has_succeeded() const;
};

/// Reads the answer of `GET /api/v1/runs/{id}`: its `tasks`, or where they are missing `taskStatuses` and `errors`.
[[nodiscard]] run_snapshot read_run(const value& answer);

/// A task's way from the server's word to the three groups that are shown differently.
enum class task_group { ahead, under_way, done, failed, left_out };
[[nodiscard]] task_group group_of(const task_snapshot& task);

} // namespace penstock::cli
