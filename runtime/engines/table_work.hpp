#pragma once

#include "runtime/engines/running_attempt.hpp"
#include "runtime/engines/sql_children.hpp"

#include <functional>
#include <string>

namespace penstock {

/// Work of attempts that SQL children do: tables, checks, files. Every failure, timeout and cancellation of a job ends
/// the attempt here, so callers see success only.
class table_work {
public:
  using made_callback = std::function<void(const attempt_pointer&, sql_outcome)>;

  table_work(sql_children& children, const engine_settings& settings) : children_(children), settings_(settings) {}

  /// A job for this attempt: its inputs as views, its checks, output below its work directory. No statements yet.
  [[nodiscard]] sql_job new_job(const attempt_request& request) const;

  /// Does `job`; `left` is called first when it is over, however it ended, then `made` if it succeeded.
  void run(const attempt_pointer& attempt, sql_job job, std::function<void()> left, made_callback made);

  /// The usual end: moves the output table to its place and ends the attempt with it; without a table, with `bytes`.
  static void keep_table(const attempt_pointer& attempt, const sql_outcome& outcome, std::uint64_t bytes = 0);

private:
  sql_children& children_;
  const engine_settings& settings_;
};

/// Renames `from` to `to`, making directories, and syncs the directory, so that the file is there after a power loss.
/// Both on one file system, else it is copied.
[[nodiscard]] result<void> move_file(const std::string& from, const std::string& to);

} // namespace penstock
