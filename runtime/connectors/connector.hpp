#pragma once

#include "runtime/connectors/files_path.hpp"
#include "runtime/connectors/table_file.hpp"
#include "runtime/engines/engine.hpp"
#include "runtime/engines/sql_job.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// What a source does for a task: a query whose result is the task's table, or a file of CSV, and the files it needs.
struct source_reading {
  std::string query;
  std::vector<std::string> files;          ///< Absolute; the SQL child may read these.
  std::vector<guarded_file> guarded_files; ///< Where the query names a `guarded_path`.
  std::optional<tabular_file> csv = {};    ///< In place of a query.
};

/// What a sink does: a file to write, and where it goes once it is whole and its checks have passed.
struct sink_writing {
  std::string query;                        ///< What is written.
  std::string format;                       ///< csv, json, jsonl or parquet.
  std::string options;                      ///< Further options of COPY, each beginning with a comma.
  std::string temporary_file;               ///< Absolute; in the attempt's own directory.
  std::string final_file;                   ///< Absolute; empty where there is a `place`.
  std::shared_ptr<const files_place> place; ///< In the files directory, where others may change names and links.
  std::string name;                         ///< For people, e.g. `output.parquet`.
  std::string path; ///< Of the artifact, relative to the data directory; empty: the file is outside of it.
};

/// A way into or out of Penstock. Pure but for files below the attempt's own and the files directory.
struct connector {
  std::string_view name; ///< As definitions name it.
  /// Null: cannot be a source. @returns `errc::invalid_argument` for a wrong config.
  result<source_reading> (*read)(const attempt_request& request, const engine_settings& settings) = nullptr;
  /// Null: cannot be a sink.
  result<sink_writing> (*write)(const attempt_request& request, const engine_settings& settings) = nullptr;
};

/// All there are. A new connector is a row here.
[[nodiscard]] const std::vector<connector>& connectors();

/// @returns null if there is none of that name.
[[nodiscard]] const connector* find_connector(std::string_view name);

/// Rows written in the definition itself.
[[nodiscard]] result<source_reading> read_inline(const attempt_request& request, const engine_settings& settings);

/// Files below the server's files directory.
[[nodiscard]] result<source_reading> read_file(const attempt_request& request, const engine_settings& settings);
[[nodiscard]] result<sink_writing> write_file(const attempt_request& request, const engine_settings& settings);

} // namespace penstock
