#pragma once

#include "runtime/model/time.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Number of a task in its plan; tasks are in an order in which every task stands behind those it needs.
using task_index = std::uint32_t;

/// How a task is done. Stored: a number once given is never reused.
enum class task_type : std::uint8_t {
  noop = 1,
  shell = 2,
  sql = 3,
  http = 4,
  source = 5,
  sink = 6,
  sleep = 7,
  run_pipeline = 8,
};

[[nodiscard]] std::string_view to_text(task_type t) noexcept;
[[nodiscard]] std::optional<task_type> parse_task_type(std::string_view text) noexcept;
/// All names that `parse_task_type` takes.
[[nodiscard]] std::vector<std::string_view> task_type_names();

enum class task_priority : std::uint8_t { low = 1, normal = 2, high = 3 };

[[nodiscard]] std::string_view to_text(task_priority p) noexcept;
/// Takes the names in capitals or small letters.
[[nodiscard]] std::optional<task_priority> parse_task_priority(std::string_view text);

enum class backoff_kind : std::uint8_t { fixed = 1, exponential = 2 };

/// How often and when a failed task is tried again.
struct retry_policy {
  std::uint32_t attempts_max = 1; ///< All attempts, the first one included.
  backoff_kind backoff = backoff_kind::fixed;
  std::uint64_t delay_ms = 1'000;       ///< Before the second attempt.
  std::uint64_t delay_max_ms = 300'000; ///< Cap of exponential growth (factor 2).
  std::uint32_t jitter_percent = 0;     ///< At most this share of the delay is added or taken away at random.

  friend bool operator==(const retry_policy&, const retry_policy&) = default;
  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "attempts_max", s.attempts_max);
    v(2, "backoff", s.backoff);
    v(3, "delay_ms", s.delay_ms);
    v(4, "delay_max_ms", s.delay_max_ms);
    v(5, "jitter_percent", s.jitter_percent);
  }
};

enum class for_each_kind : std::uint8_t { none = 0, count = 1, list = 2, table = 3 };

/// Once per item: N items 0 to N-1, the values of a list, or the rows of an upstream task's table.
struct for_each_spec {
  for_each_kind kind = for_each_kind::none;
  std::uint32_t count = 0; ///< `count`: how many.
  value items; ///< `list`: the list. `count` and `list` may instead be a placeholder text here, bound at start.
  task_index table = 0; ///< `table`: the task whose rows are the items.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "kind", s.kind);
    v(2, "count", s.count);
    v(3, "items", s.items);
    v(4, "table", s.table);
  }
};

/// One statement whose first column of the first row must be true once the task's output is there.
struct check_spec {
  std::string name;
  std::string sql;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "name", s.name);
    v(2, "sql", s.sql);
  }
};

/// A node of the plan.
struct task_spec {
  std::string id;
  task_type type = task_type::noop;
  std::vector<task_index> needs; ///< Ascending; each smaller than the task's own index.
  retry_policy retry;
  std::uint64_t timeout_ms = 0; ///< Of one attempt; 0 = none but the server's own limit.
  value when; ///< Null: always. Else a value or placeholder text; the task is skipped when it is not truthy.
  for_each_spec for_each;
  task_priority priority = task_priority::normal; ///< Counts only if it was given: else its run's does.
  std::string pool;                               ///< Empty: none.
  std::vector<std::string> secrets;               ///< Texts masked in logs and errors.
  value config; ///< The type's own fields, by name, checked; placeholders still in place.
  std::vector<check_spec> checks;
  std::string unavailable; ///< Not empty: accepted, but cannot run on this server; the reason.
  bool idempotent = false; ///< Declared by its author: doing it again gives the same result.
  bool priority_given = false;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "type", s.type);
    v(3, "needs", s.needs);
    v(4, "retry", s.retry);
    v(5, "timeout_ms", s.timeout_ms);
    v(6, "when", s.when);
    v(7, "for_each", s.for_each);
    v(8, "priority", s.priority);
    v(9, "pool", s.pool);
    v(10, "secrets", s.secrets);
    v(11, "config", s.config);
    v(12, "checks", s.checks);
    v(13, "unavailable", s.unavailable);
    v(14, "idempotent", s.idempotent);
    v(15, "priority_given", s.priority_given);
  }
};

enum class parameter_type : std::uint8_t {
  any = 0,
  string = 1,
  integer = 2,
  number = 3,
  boolean = 4,
  date = 5,
  timestamp = 6,
  list = 7,
  object = 8
};

[[nodiscard]] std::string_view to_text(parameter_type t) noexcept;
/// Also takes text, int, float, bool, datetime, array and map.
[[nodiscard]] std::optional<parameter_type> parse_parameter_type(std::string_view text) noexcept;
/// The names that `to_text` gives.
[[nodiscard]] std::vector<std::string_view> parameter_type_names();

struct parameter_spec {
  std::string name;
  parameter_type type = parameter_type::any;
  bool has_default = false;
  value default_value;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "name", s.name);
    v(2, "type", s.type);
    v(3, "has_default", s.has_default);
    v(4, "default", s.default_value);
  }
};

/// The compiled, validated DAG of one revision. Pure data; stored sealed beside its definition, so that a run keeps
/// the shape it started with whatever a later version of the compiler would make of the text.
struct plan {
  std::vector<parameter_spec> parameters;
  std::vector<task_spec> tasks;
  std::uint64_t timeout_ms = 0;          ///< Of a whole run; 0 = none.
  std::optional<task_priority> priority; ///< Of its runs, where whoever starts one gives none.
  std::uint32_t concurrency = 0;         ///< Runs of the pipeline that may be active at once; 0 = any number.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "parameters", s.parameters);
    v(2, "tasks", s.tasks);
    v(3, "timeout_ms", s.timeout_ms);
    v(4, "priority", s.priority);
    v(5, "concurrency", s.concurrency);
  }
};

} // namespace penstock
