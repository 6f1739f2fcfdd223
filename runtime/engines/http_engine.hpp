#pragma once

#include "runtime/engines/place_queue.hpp"
#include "runtime/engines/running_attempt.hpp"
#include "runtime/engines/table_work.hpp"

#include <memory>

namespace penstock {

/// `http`: one request; config as in http_call.hpp. One thread does all of them, keeps connections open between them
/// and lets those beyond `http_max` wait. Redirects are not followed; private addresses are refused unless allowed,
/// judged by the address really connected to. Proxies of the environment are not used.
///
/// The answer becomes the task's table where the config has `output` ({format: json | jsonl | csv | parquet, …}); else
/// if it says that it is JSON (an object is one row, a list of objects a row each) and the config holds
/// `table_wanted: true` (set by who knows that another task needs it) or the task has checks.
class http_engine {
public:
  http_engine(table_work& tables, place_queue& places, const engine_settings& settings);
  ~http_engine();

  void begin(const attempt_pointer& attempt);

  void set_priority(const run_id& run, task_priority priority);

  /// Whether a call begun now would wait for others.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] counts_by_priority waiting() const;

private:
  class loop;
  std::unique_ptr<loop> loop_;
};

} // namespace penstock
