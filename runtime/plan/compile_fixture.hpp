#pragma once

#include "runtime/model/json.hpp"
#include "runtime/plan/compile.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// For the tests of this folder.
namespace penstock::test {

/// Options with a stand-in for the SQL parser: texts with `selct` do not parse, nor does `placeholder` behind `limit`.
inline compile_options options() {
  compile_options o;
  o.sql_error = [](const std::string& sql) -> std::optional<std::string> {
    if (sql.find("selct") != std::string::npos) return "syntax error at or near \"selct\"";
    if (sql.find("limit placeholder") != std::string::npos) return "syntax error at or near \"placeholder\"";
    return std::nullopt;
  };
  return o;
}

inline result<compiled_plan> compile_yaml(std::string text) {
  return compile({definition_format::yaml, std::move(text)}, options());
}

inline result<compiled_plan> compile_json(std::string text) {
  return compile({definition_format::json, std::move(text)}, options());
}

/// A definition of tasks only, from lines such as `- {id: a, type: noop}`.
inline result<compiled_plan> compile_tasks(const std::string& lines) { return compile_yaml("tasks:\n" + lines); }

/// The messages of all problems; "compiles" if there are none.
inline std::vector<std::string> problems_of(const result<compiled_plan>& compiled) {
  if (compiled) return {"compiles"};
  std::vector<std::string> messages;
  for (const problem& p : compiled.error().problems) messages.push_back(p.message);
  return messages;
}

/// The only problem; else all of them in one text.
inline std::string problem_of(const result<compiled_plan>& compiled) {
  std::string all;
  for (const std::string& message : problems_of(compiled)) all += (all.empty() ? "" : " | ") + message;
  return all;
}

/// Ids of the plan's tasks with what they need: "a; b(a)".
inline std::string shape_of(const result<compiled_plan>& compiled) {
  if (!compiled) return compiled.error().message;
  const auto& tasks = compiled->compiled.tasks;
  std::string shape;
  for (const task_spec& task : tasks) {
    shape += (shape.empty() ? "" : "; ") + task.id;
    for (std::size_t i = 0; i < task.needs.size(); ++i) shape += (i == 0 ? "(" : " ") + tasks[task.needs[i]].id;
    if (!task.needs.empty()) shape += ")";
  }
  return shape;
}

/// The only task of a definition with this one.
inline task_spec only_task(const std::string& fields) {
  auto compiled = compile_tasks("  - {id: t, " + fields + "}\n");
  INFO(problem_of(compiled));
  REQUIRE(compiled);
  return compiled->compiled.tasks.front();
}

/// What is wrong with such a task, without its path.
inline std::string wrong(const std::string& fields) {
  return problem_of(compile_tasks("  - {id: t, " + fields + "}\n"));
}

inline std::string config_of(const std::string& fields) { return write_json(only_task(fields).config); }

} // namespace penstock::test
