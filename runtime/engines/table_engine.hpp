#pragma once

#include "runtime/engines/place_queue.hpp"
#include "runtime/engines/running_attempt.hpp"
#include "runtime/engines/table_work.hpp"

namespace penstock {

/// `sql`, `source` and `sink`, and reading a table's rows as items of `for_each`: all done by SQL children.
///
/// Config of `sql`: `sql`, one or more statements; the result of the last, if it is a query, is the task's table, else
/// the table or view named like the task, else there is none. `input_alias`: another name for the last task it needs.
/// `source` and `sink`: `connector` and its fields (connector.hpp).
class table_engine {
public:
  table_engine(table_work& tables, place_queue& places, const engine_settings& settings)
      : tables_(tables), places_(places), settings_(settings) {}

  void begin(const attempt_pointer& attempt);

  /// The checks of a task that makes no table itself.
  void begin_checks(const attempt_pointer& attempt);

private:
  using step = void (table_engine::*)(const attempt_pointer&);

  void enter(const attempt_pointer& attempt, step next);
  void do_sql(const attempt_pointer& attempt);
  void do_source(const attempt_pointer& attempt);
  void do_sink(const attempt_pointer& attempt);
  void do_items(const attempt_pointer& attempt);
  void do_checks(const attempt_pointer& attempt);
  void run(const attempt_pointer& attempt, sql_job job, table_work::made_callback made);
  void refuse(const attempt_pointer& attempt, error why);

  table_work& tables_;
  place_queue& places_;
  const engine_settings& settings_;
};

} // namespace penstock
