#pragma once

#include "runtime/error.hpp"

#include <duckdb.h>

#include <string>

namespace penstock {

/// The functions of DuckDB's C library that we use, looked up at run time, so that only the processes that do SQL load
/// it.
struct duckdb_api {
  decltype(&duckdb_create_config) create_config = nullptr;
  decltype(&duckdb_set_config) set_config = nullptr;
  decltype(&duckdb_destroy_config) destroy_config = nullptr;
  decltype(&duckdb_open_ext) open_ext = nullptr;
  decltype(&duckdb_close) close = nullptr;
  decltype(&duckdb_connect) connect = nullptr;
  decltype(&duckdb_query) query = nullptr;
  decltype(&duckdb_destroy_result) destroy_result = nullptr;
  decltype(&duckdb_result_error) result_error = nullptr;
  decltype(&duckdb_result_error_type) result_error_type = nullptr;
  decltype(&duckdb_rows_changed) rows_changed = nullptr;
  decltype(&duckdb_row_count) row_count = nullptr;
  decltype(&duckdb_column_count) column_count = nullptr;
  decltype(&duckdb_column_name) column_name = nullptr;
  decltype(&duckdb_value_varchar) value_varchar = nullptr;
  decltype(&duckdb_free) free = nullptr;
  decltype(&duckdb_extract_statements) extract_statements = nullptr;
  decltype(&duckdb_extract_statements_error) extract_statements_error = nullptr;
  decltype(&duckdb_destroy_extracted) destroy_extracted = nullptr;
  decltype(&duckdb_prepare) prepare = nullptr;
  decltype(&duckdb_prepare_error) prepare_error = nullptr;
  decltype(&duckdb_destroy_prepare) destroy_prepare = nullptr;
};

/// Loads the library at `path`, for good.
/// @returns `errc::unavailable` if it cannot be loaded or lacks a function.
[[nodiscard]] result<duckdb_api> load_duckdb(const std::string& path);

/// Where libduckdb.so is: `configured` if given, else beside this program, in `../lib` of it, or where it was at build
/// time.
/// @returns the first that exists; `configured`, or the last place looked at, if none does.
[[nodiscard]] std::string find_duckdb_library(const std::string& configured, const std::string& self_executable);

} // namespace penstock
