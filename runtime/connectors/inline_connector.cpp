#include "runtime/connectors/connector.hpp"
#include "runtime/connectors/table_file.hpp"
#include "runtime/model/json.hpp"

#include <fstream>

namespace penstock {

namespace {

unexpected<error> wrong_row(std::size_t number, const std::string& expected) {
  return fail(errc::invalid_argument, "'rows[" + std::to_string(number) + "]' must be " + expected + ".");
}

/// A row as an object: it is one already, or a list of as many values as there are columns.
result<value> row_object(const value& row, std::size_t number, const std::vector<std::string>& columns) {
  if (row.as_object()) return row;
  const auto* cells = row.as_list();
  if (!cells || columns.empty()) return wrong_row(number, "an object, or with 'columns' a list of values");
  if (cells->size() != columns.size())
    return wrong_row(number, "a list of " + std::to_string(columns.size()) + " values");
  value out;
  for (std::size_t i = 0; i < columns.size(); ++i) out.set(columns[i], (*cells)[i]);
  return out;
}

} // namespace

result<source_reading> read_inline(const attempt_request& request, const engine_settings&) {
  const value* given = request.fields.config.find("rows");
  const value::list* rows = given ? given->as_list() : nullptr;
  if (!rows) return fail(errc::invalid_argument, "The source 'inline' needs 'rows', a list of objects.");
  auto how = table_format_from(request.fields.config, "jsonl");
  if (!how) return unexpected(how.error());
  if (rows->empty()) {
    if (how->columns.empty())
      return fail(errc::invalid_argument, "'rows' is empty; name its 'columns' to make a table without rows.");
    return source_reading{empty_table_query(*how), {}, {}};
  }
  const std::string file = request.work_dir + "/rows.jsonl";
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto row = row_object((*rows)[i], i, how->columns);
    if (!row) return unexpected(row.error());
    out << write_json(*row) << '\n';
  }
  out.close();
  if (!out) return fail(errc::io_failed, "The file " + file + " cannot be written.");
  how->format = "jsonl";
  return source_reading{table_query(*how, file), {file}, {}};
}

} // namespace penstock
