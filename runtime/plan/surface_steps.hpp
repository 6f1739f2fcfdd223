#pragma once

#include "runtime/plan/task_draft.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Makes tasks of the sources, transformations, sinks and quality checks that the surfaces' own forms have in common.
/// The steps must be added in this order.
class surface_steps {
public:
  explicit surface_steps(compile_context& ctx) : ctx_(ctx) {}

  /// `source`: an object whose connector is named by `connector`, `type` or `name`, with its fields beside it or below
  /// `config` or `params`; or by `connection`.
  void add_source(value& v, const field_path& path, std::string id);
  /// `destination`: the same. It writes the table of the last step unless it names another in `from`.
  void add_sink(value& v, const field_path& path, std::string id);
  /// A SQL text, or an object with `sql` (or `query`). It can read all steps before it; the last of them is also called
  /// `input`, which `input_alias` in its config says.
  void add_transformation(value& v, const field_path& path, std::string id);
  /// A list or an object of one kind of step; unnamed ones get `prefix` and their number as id.
  void add_all(value& v, const field_path& path, task_type type, std::string_view prefix);
  /// A list of {name, sql, table}; checks of the step named by `table`, else of the last one with a table.
  void add_checks(value& v, const field_path& path);

private:
  void add_endpoint(value& v, const field_path& path, task_draft draft);
  void keep_unread(value& v, const field_path& path, task_draft& draft, const std::string& connector);
  void read_transformation(value& v, const field_path& path, task_draft& draft);
  void add_one(value& v, const field_path& path, task_type type, std::string id);
  [[nodiscard]] task_draft new_draft(const value& v, const field_path& path, task_type type, std::string id) const;
  [[nodiscard]] task_draft* find_step(std::string_view id);
  void add_check(value& v, const field_path& path);

  compile_context& ctx_;
  std::vector<std::string> tables_; ///< Ids of the steps so far that make a table.
};

} // namespace penstock
