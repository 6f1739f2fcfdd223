#include "runtime/engines/sql_words.hpp"

#include "runtime/model/ascii.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

constexpr std::string_view statement_mark = "\n\nLINE ";

bool is_own_table(std::string_view name) {
  static constexpr std::array<std::string_view, 4> beginnings{"pg_", "duckdb_", "information_schema.", "sqlite_"};
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view b) { return name.starts_with(b); });
}

/// The quoted line's number stays, `prefix` at its beginning goes, and the mark below moves along.
bool take_prefix(std::string& words, std::string_view prefix) {
  const auto at = words.find("\n\nLINE 1: ");
  if (at == std::string::npos) return false;
  const auto line = at + std::string_view{"\n\nLINE 1: "}.size();
  if (words.compare(line, prefix.size(), prefix) != 0) return false;
  words.erase(line, prefix.size());
  const auto below = words.find('\n', line);
  if (below != std::string::npos && words.find_first_not_of(' ', below + 1) > below + prefix.size())
    words.erase(below + 1, prefix.size());
  return true;
}

} // namespace

std::string without_statement(std::string words) {
  if (const auto at = words.find(statement_mark); at != std::string::npos) words.erase(at);
  return words;
}

std::string without_wrapping(std::string words) {
  for (const std::string_view prefix : {"COPY (SELECT * FROM (", "COPY (", "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ("})
    if (take_prefix(words, prefix)) break;
  return words;
}

std::string with_tasks_named(std::string words, const std::vector<std::string>& other_tasks) {
  constexpr std::string_view before = "Table with name ", behind = " does not exist!", proposes = "\nDid you mean \"";
  const auto at = words.find(before);
  const auto name_begin = at + before.size();
  const auto end = at == std::string::npos ? at : words.find(behind, name_begin);
  if (end == std::string::npos) return words;
  const std::string name = words.substr(name_begin, end - name_begin);
  const auto told = end + behind.size();
  const auto task = std::find_if(other_tasks.begin(), other_tasks.end(),
                                 [&](const std::string& other) { return same_but_for_case(other, name); });
  const bool is_task = task != other_tasks.end();
  if (words.compare(told, proposes.size(), proposes) == 0) {
    const auto proposed = told + proposes.size();
    const auto line_end = std::min(words.find('\n', proposed), words.size());
    if (is_task || is_own_table(std::string_view{words}.substr(proposed))) words.erase(told, line_end - told);
  }
  if (is_task) words.insert(told, " `" + *task + "` is a task of this pipeline: add it to needs.");
  return words;
}

} // namespace penstock
