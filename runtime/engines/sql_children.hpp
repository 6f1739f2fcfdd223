#pragma once

#include "runtime/engines/process.hpp"
#include "runtime/engines/sql_job.hpp"

#include <functional>
#include <memory>

namespace penstock {

/// Does SQL jobs, each in a child process of its own. Thread-safe; nothing here blocks.
class sql_children {
public:
  /// What came of a job, and how its process ended: stopped and timed out show there.
  using job_done = std::function<void(expected<sql_outcome, sql_failure>, const process_end&)>;

  /// @param starter of processes in `sql_keeper_mode`.
  sql_children(std::shared_ptr<process_starter> starter, std::uint64_t memory_bytes)
      : starter_(std::move(starter)), memory_bytes_(memory_bytes) {}

  /// `done` is called once, from a thread of the starter. `job.memory_bytes` is set here.
  process_number run(sql_job job, std::uint64_t timeout_ms, job_done done);

  void stop(process_number number) { starter_->stop(number); }

private:
  const std::shared_ptr<process_starter> starter_;
  const std::uint64_t memory_bytes_;
};

/// How a SQL child is started.
/// @param memory_bytes what its queries may use; the process's hard limit leaves room for the library above that.
[[nodiscard]] process_spec sql_child_spec(std::uint64_t memory_bytes, std::uint64_t timeout_ms);

/// Reads an answer of a SQL child to a job.
[[nodiscard]] expected<sql_outcome, sql_failure> sql_answer_from(const value& v);

} // namespace penstock
