#include "runtime/connectors/table_file.hpp"

#include "runtime/engines/sql_job.hpp"

#include <algorithm>

namespace penstock {

namespace {

unexpected<error> wrong(const std::string& field, const std::string& expected) {
  return fail(errc::invalid_argument, "'" + field + "' must be " + expected + ".");
}

result<void> read_columns(const value& columns, table_format& out) {
  if (const auto* names = columns.as_list()) {
    for (const auto& name : *names) {
      if (!name.as_string()) return wrong("columns", "a list of names, or names with their types");
      out.columns.push_back(*name.as_string());
    }
    return {};
  }
  const auto* typed = columns.as_object();
  if (!typed) return wrong("columns", "a list of names, or names with their types");
  for (const auto& [name, type] : *typed) {
    if (!type.as_string()) return wrong("columns." + name, "the name of a SQL type");
    out.columns.push_back(name);
    out.types.push_back(*type.as_string());
  }
  return {};
}

/// Lines to skip and comments are not left to be guessed: what does not go with the rest is guessed to be one of them,
/// and is gone, header and all.
std::string csv_options(const table_format& how, std::uint64_t skipped) {
  return ", header=" + std::string(how.header ? "true" : "false") + ", delim=" + quote_text(how.delimiter) +
         ", quote='\"', escape='\"', sample_size=-1, comment='', skip=" + std::to_string(skipped);
}

std::string names_option(const table_format& how) {
  std::string out;
  for (const auto& name : how.columns) out += (out.empty() ? "" : ",") + quote_text(name);
  return out.empty() ? "" : ", names=[" + out + "]";
}

std::string types_option(const table_format& how) {
  std::string out;
  for (std::size_t i = 0; i < how.types.size(); ++i)
    out += (i > 0 ? "," : "") + quote_text(how.columns[i]) + ":" + quote_text(how.types[i]);
  return out.empty() ? "" : ", columns={" + out + "}";
}

std::string column_list(const table_format& how) {
  std::string out;
  for (const auto& name : how.columns) out += (out.empty() ? "" : ", ") + quote_name(name);
  return out.empty() ? "*" : out;
}

} // namespace

const std::vector<std::string_view>& table_formats() {
  static const std::vector<std::string_view> formats{"csv", "json", "jsonl", "parquet"};
  return formats;
}

std::optional<std::string> format_of_path(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  const auto has = [&](std::string_view ending) { return path.ends_with(ending); };
  if (has(".csv") || has(".tsv")) return "csv";
  if (has(".jsonl") || has(".ndjson")) return "jsonl";
  if (has(".json")) return "json";
  if (has(".parquet")) return "parquet";
  return std::nullopt;
}

std::string compression_of_path(std::string_view path) {
  if (path.ends_with(".gz")) return "gzip";
  return path.ends_with(".zst") ? "zstd" : "";
}

result<table_format> table_format_from(const value& config, std::string format) {
  table_format out;
  out.format = std::move(format);
  if (const value* v = config.find("format")) {
    if (!v->as_string()) return wrong("format", "a text");
    out.format = *v->as_string();
  }
  const auto& known = table_formats();
  if (std::find(known.begin(), known.end(), out.format) == known.end())
    return wrong("format", "csv, json, jsonl or parquet, not '" + out.format + "'");
  if (const value* v = config.find("columns"))
    if (auto read = read_columns(*v, out); !read) return unexpected(read.error());
  out.header = out.columns.empty();
  if (const value* v = config.find("header")) {
    if (!v->as_bool()) return wrong("header", "true or false");
    out.header = *v->as_bool();
  }
  if (const value* v = config.find("delimiter")) {
    if (!v->as_string() || v->as_string()->empty() || v->as_string()->size() > 4)
      return wrong("delimiter", "one character");
    out.delimiter = *v->as_string();
  }
  return out;
}

std::string table_query(const table_format& how, const std::string& path, std::uint64_t skipped) {
  const std::string file = quote_text(path);
  const std::string types = types_option(how);
  const std::string packed = how.compression.empty() ? "" : ", compression=" + quote_text(how.compression);
  if (how.format == "csv")
    return "SELECT * FROM read_csv(" + file + csv_options(how, skipped) + packed +
           (types.empty() ? names_option(how) : types) + ")";
  const std::string select = "SELECT " + column_list(how) + " FROM ";
  if (how.format == "jsonl")
    return select + "read_json(" + file + ", format='newline_delimited', sample_size=-1" + packed + types + ")";
  if (how.format == "json") return select + "read_json(" + file + ", sample_size=-1" + packed + types + ")";
  return select + "read_parquet(" + file + ")";
}

std::string empty_table_query(const table_format& how) {
  std::string columns;
  for (std::size_t i = 0; i < how.columns.size(); ++i)
    columns += (i > 0 ? ", " : "") + ("CAST(NULL AS " + (how.types.empty() ? "VARCHAR" : how.types[i])) + ") AS " +
               quote_name(how.columns[i]);
  return "SELECT " + (columns.empty() ? "CAST(NULL AS VARCHAR) AS line" : columns) + " WHERE false";
}

} // namespace penstock
