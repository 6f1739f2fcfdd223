#pragma once

#include "runtime/engines/duckdb_api.hpp"
#include "runtime/engines/sql_job.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace penstock {

/// A connection in a SQL child: parses any number of texts, or does one job, after which its database is locked to that
/// job's files for good.
class sql_session {
public:
  /// @param database an empty in-memory one. The connection is its own, so that random numbers differ between children.
  [[nodiscard]] static result<sql_session> open(const duckdb_api& api, duckdb_database database);

  /// The engine's words if `sql` does not parse; nothing is run.
  [[nodiscard]] std::optional<std::string> syntax_error(const std::string& sql) const;

  [[nodiscard]] expected<sql_outcome, sql_failure> run(const sql_job& job);

private:
  using nothing_or_failure = expected<std::monostate, sql_failure>;

  [[nodiscard]] expected<sql_outcome, sql_failure> run_opened(const sql_job& job);
  struct rows;

  sql_session(const duckdb_api& api, duckdb_connection connection) : api_(&api), connection_(connection) {}

  [[nodiscard]] expected<rows, sql_failure> query(const std::string& sql) const;
  [[nodiscard]] nothing_or_failure execute(const std::string& sql) const;
  [[nodiscard]] nothing_or_failure lock_down(const sql_job& job) const;
  [[nodiscard]] nothing_or_failure make_views(const sql_job& job) const;
  [[nodiscard]] nothing_or_failure run_statements(const sql_job& job, sql_outcome& out) const;
  [[nodiscard]] nothing_or_failure run_csv(const sql_job& job, const tabular_file& csv, sql_outcome& out) const;
  [[nodiscard]] std::uint64_t blank_lines(const tabular_file& csv) const;
  [[nodiscard]] std::string why_unreadable(const tabular_file& csv, std::uint64_t skipped,
                                           const std::string& words) const;
  [[nodiscard]] nothing_or_failure run_last(const sql_job& job, const std::string& sql, sql_outcome& out) const;
  [[nodiscard]] std::string for_parquet(const std::string& query_text) const;
  [[nodiscard]] nothing_or_failure copy_output(const sql_job& job, const std::string& query_text,
                                               sql_outcome& out) const;
  [[nodiscard]] nothing_or_failure read_items(const sql_job& job, const std::string& query_text,
                                              sql_outcome& out) const;
  [[nodiscard]] nothing_or_failure run_checks(const sql_job& job, const sql_outcome& out) const;
  [[nodiscard]] nothing_or_failure run_check(const sql_job& job, const check_spec& check) const;
  [[nodiscard]] std::optional<std::string> as_query(const std::string& sql) const;
  [[nodiscard]] std::string prepare_error(const std::string& sql) const;

  const duckdb_api* api_;
  duckdb_connection connection_;
};

} // namespace penstock
