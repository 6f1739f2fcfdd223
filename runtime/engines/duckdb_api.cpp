#include "runtime/engines/duckdb_api.hpp"

#include <dlfcn.h>

#include <filesystem>

namespace penstock {

namespace {

struct entry {
  const char* name;
  void** target;
};

template <class Function>
entry row(const char* name, Function*& target) {
  return {name, reinterpret_cast<void**>(&target)};
}

} // namespace

result<duckdb_api> load_duckdb(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return fail(errc::unavailable, std::string("DuckDB's library cannot be loaded: ") + ::dlerror());
  duckdb_api api;
  const entry table[] = {
    row("duckdb_create_config", api.create_config),
    row("duckdb_set_config", api.set_config),
    row("duckdb_destroy_config", api.destroy_config),
    row("duckdb_open_ext", api.open_ext),
    row("duckdb_close", api.close),
    row("duckdb_connect", api.connect),
    row("duckdb_query", api.query),
    row("duckdb_destroy_result", api.destroy_result),
    row("duckdb_result_error", api.result_error),
    row("duckdb_result_error_type", api.result_error_type),
    row("duckdb_rows_changed", api.rows_changed),
    row("duckdb_row_count", api.row_count),
    row("duckdb_column_count", api.column_count),
    row("duckdb_column_name", api.column_name),
    row("duckdb_value_varchar", api.value_varchar),
    row("duckdb_free", api.free),
    row("duckdb_extract_statements", api.extract_statements),
    row("duckdb_extract_statements_error", api.extract_statements_error),
    row("duckdb_destroy_extracted", api.destroy_extracted),
    row("duckdb_prepare", api.prepare),
    row("duckdb_prepare_error", api.prepare_error),
    row("duckdb_destroy_prepare", api.destroy_prepare),
  };
  for (const auto& [name, target] : table) {
    *target = ::dlsym(library, name);
    if (!*target) return fail(errc::unavailable, "DuckDB's library " + path + " has no function " + name + ".");
  }
  return api;
}

std::string find_duckdb_library(const std::string& configured, const std::string& self_executable) {
  if (!configured.empty()) return configured;
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path beside = fs::weakly_canonical(self_executable, ignored).parent_path();
  for (const fs::path& candidate : {beside / "libduckdb.so", beside.parent_path() / "lib" / "libduckdb.so"})
    if (fs::exists(candidate, ignored)) return candidate.string();
  return PENSTOCK_DUCKDB_LIBRARY;
}

} // namespace penstock
