#pragma once

#include "runtime/model/time.hpp"
#include "runtime/model/value.hpp"
#include "tools/penstock/screen.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace penstock::cli {

/// A backfill as the server showed it at one moment.
struct backfill_snapshot {
  std::string id;
  std::string pipeline; ///< Its name.
  std::string status;   ///< PENDING, RUNNING, PAUSED, COMPLETED, FAILED or CANCELLED.
  std::string from;
  std::string to;
  std::string granularity;
  std::uint64_t total = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t running = 0;
  bool dry_run = false;
  std::optional<timestamp> created_at;
  std::optional<timestamp> ended_at;
  std::string error;                 ///< Why a run could not be started.
  std::string begin;                 ///< Of the first interval, empty if it was not told.
  std::string end;                   ///< Of the last one.
  std::vector<std::string> failures; ///< Where the first of those that failed begin.

  [[nodiscard]] bool has_ended() const;
  /// Waits for a person: it has ended, or was paused because a run could not be started.
  [[nodiscard]] bool stands_still() const;
  [[nodiscard]] std::uint64_t done() const noexcept { return completed + failed; }
};

/// Reads the answer of `GET /api/v1/scheduler/backfill/{id}`.
[[nodiscard]] backfill_snapshot read_backfill(const value& answer, std::string pipeline_name);

/// How fast a backfill went while it was watched.
struct backfill_pace {
  std::uint64_t done = 0; ///< Intervals that ended while it was watched.
  milliseconds within{0}; ///< From when it was first seen until the last of them was seen to have ended.
  milliseconds since{0};  ///< From then until now.
};

/// The backfill as lines: a heading, and a bar with figures.
[[nodiscard]] std::vector<std::string> draw_backfill(const backfill_snapshot& backfill, const backfill_pace& pace,
                                                     const screen& on);

/// Lines for where nothing can be drawn over: at the beginning, at each twentieth of the way, at the first failure and
/// when the status changes.
[[nodiscard]] std::vector<std::string> tell_progress(const backfill_snapshot& before, const backfill_snapshot& after);

/// How it ended, or why it stands still, and what to do about it.
[[nodiscard]] std::vector<std::string> tell_end(const backfill_snapshot& backfill);

/// Shows a backfill while it goes on.
class backfill_display {
public:
  /// @param drawing the same output, for what may hold sequences of control characters
  backfill_display(std::ostream& out, std::ostream& drawing, screen on) : out_(out), on_(on), block_(drawing, on) {}

  void show(const backfill_snapshot& backfill, timestamp now);
  /// Such as that the server does not answer.
  void note(const std::string& line);
  void finish(const backfill_snapshot& backfill, timestamp now);

private:
  std::ostream& out_;
  screen on_;
  drawn_block block_;
  backfill_snapshot last_;
  std::optional<timestamp> began_;
  std::optional<timestamp> moved_;
  std::uint64_t done_at_first_ = 0;
  std::string noted_;
};

} // namespace penstock::cli
