#pragma once

#include "runtime/plan/compile.hpp"
#include "runtime/plan/problem_list.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// The name of another task as a definition gives it, with its place for messages.
struct task_reference {
  std::string id;
  std::string field;
  value::place at;
};

/// A task whose references to others are still names: what the dialects make and `link_tasks` turns into the plan.
struct task_draft {
  task_spec spec;    ///< Without `needs` and `for_each.table`.
  std::string field; ///< Its path, e.g. `tasks[2]`.
  value::place at;
  std::vector<task_reference> needs;
  std::optional<task_reference> table; ///< `for_each` over this task's rows.
  std::optional<task_reference> from;  ///< The task whose table a sink writes, where it says so.
  std::optional<value::place> item_at; ///< Where `{{ item }}` is used first.
};

/// What `defaults` of a definition, or the surface, gives to tasks that say nothing themselves.
struct task_defaults {
  retry_policy retry;
  std::uint64_t timeout_ms = 0;
};

struct compile_warning {
  std::string sentence;
  std::string field;
  value::place at; ///< Of no line: it is about the whole, and of no interest while there are problems.
};

/// Where a parameter is used first.
struct parameter_use {
  std::string field;
  value::place at;
};

/// Everything the steps of a compilation share.
struct compile_context {
  explicit compile_context(const compile_options& o) : options(o), defaults{o.default_retry, 0} {
    made.timeout_ms = o.default_timeout_ms;
  }

  /// Notes what is accepted but not as it may be meant. Beside problems it is told as one, so that all is told at once.
  void warn(std::string sentence, std::string field, value::place at) {
    warnings.push_back({std::move(sentence), std::move(field), at});
  }

  const compile_options& options;
  problem_list problems;
  std::vector<compile_warning> warnings;
  task_defaults defaults;
  plan made;                      ///< Parameters and timeout; `link_tasks` adds the tasks.
  std::vector<task_draft> drafts; ///< In the order in which they are written.
  std::size_t sql_texts = 0;      ///< Looked at so far.
  std::map<std::string, parameter_use, std::less<>> params_used; ///< By the names behind `params.`.
  bool parameters_unread = false; ///< They are there, but written so that none could be read.
};

} // namespace penstock
