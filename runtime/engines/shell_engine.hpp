#pragma once

#include "runtime/engines/place_queue.hpp"
#include "runtime/engines/process.hpp"
#include "runtime/engines/running_attempt.hpp"
#include "runtime/engines/table_work.hpp"

#include <memory>

namespace penstock {

/// `shell`: `/bin/sh -c command` (without `-e`) in a directory of the attempt's own.
///
/// Config: `command`; `env` (names and values); `output` ({format: csv | jsonl | json, columns, header, delimiter}):
/// standard output becomes the task's table, else it goes to the log, as standard error always does. A csv output has a
/// header line only without `columns`, or where `header: true` says so.
///
/// The environment holds nothing of the server's: PATH, HOME (its directory), LANG=C.UTF-8, PENSTOCK_RUN_ID,
/// PENSTOCK_TASK_ID, PENSTOCK_ATTEMPT, PENSTOCK_ITEM (of an item of for_each only), TRACEPARENT where there is one,
/// PENSTOCK_INPUT_<TASK> (the Parquet files of a task it needs, `:` between several), then the task's own `env`.
class shell_engine {
public:
  shell_engine(std::shared_ptr<process_starter> programs, table_work& tables, place_queue& places,
               const engine_settings& settings)
      : programs_(std::move(programs)), tables_(tables), places_(places), settings_(settings) {}

  void begin(const attempt_pointer& attempt);

private:
  struct command_run;

  void start(const attempt_pointer& attempt);
  /// Ends an attempt that has a place but cannot use it.
  void refuse(const attempt_pointer& attempt, error why, bool retryable);
  void finished(const std::shared_ptr<command_run>& run, const process_end& end);
  void load_output(const attempt_pointer& attempt, const value& output);
  [[nodiscard]] process_spec spec_of(const attempt_request& request, const std::string& directory) const;

  const std::shared_ptr<process_starter> programs_;
  table_work& tables_;
  place_queue& places_;
  const engine_settings& settings_;
};

/// What a shell task sees in its environment, in the order of names.
[[nodiscard]] std::vector<std::string> shell_environment(const attempt_request& request, const std::string& directory);

} // namespace penstock
