#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Formats of files that are read and written as tables.
[[nodiscard]] const std::vector<std::string_view>& table_formats();

/// The format a path's ending stands for: `.csv`, `.tsv`, `.json`, `.jsonl`, `.ndjson`, `.parquet`, also with `.gz`
/// behind where it can be compressed.
[[nodiscard]] std::optional<std::string> format_of_path(std::string_view path);

/// The compression a path's ending stands for: `gzip` or `zstd`; empty: none.
[[nodiscard]] std::string compression_of_path(std::string_view path);

/// How a file's bytes are to be read as a table.
struct table_format {
  std::string format;               ///< One of `table_formats()`.
  bool header = true;               ///< csv: the first line holds the columns' names.
  std::string delimiter = ",";      ///< csv.
  std::vector<std::string> columns; ///< csv: the columns' names, in place of those in the header. Else: those to take.
  std::vector<std::string> types;   ///< SQL types of `columns`; empty: found by looking at the whole file.
  std::string compression;          ///< csv, json, jsonl: gzip, zstd; empty: as the path's ending tells.
};

/// A file that is to be read as a table.
struct tabular_file {
  std::string path;
  std::string name; ///< For people, inside a sentence: "the command's output", "'a.csv'".
  table_format format;
};

/// Reads `format`, `header`, `delimiter` and `columns` (a list of names, or an object of names and types) of a config.
/// @param format where the config has none. Columns without `header` mean a file without a header.
/// @returns `errc::invalid_argument` naming the field.
[[nodiscard]] result<table_format> table_format_from(const value& config, std::string format);

/// A SQL query over the file at `path`.
/// @param skipped csv: so many lines before the header are left out.
[[nodiscard]] std::string table_query(const table_format& how, const std::string& path, std::uint64_t skipped = 0);

/// A table of `columns` without rows, for a file without a byte.
[[nodiscard]] std::string empty_table_query(const table_format& how);

} // namespace penstock
