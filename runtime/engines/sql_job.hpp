#pragma once

#include "runtime/connectors/table_file.hpp"
#include "runtime/engines/engine.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// A file below a directory in which others may change names and links. The SQL child opens it without leaving the
/// directory (`open_beneath`), and reads what it opened.
struct guarded_file {
  std::string directory; ///< Absolute.
  std::string name;      ///< Relative to it.
};

/// What SQL calls the guarded file of this number.
[[nodiscard]] std::string guarded_path(std::size_t number);
/// The descriptor behind that name.
[[nodiscard]] int guarded_descriptor(std::size_t number) noexcept;

/// One piece of work for a SQL child, done on an empty database that can reach only what is named here.
struct sql_job {
  std::string directory;          ///< Absolute; the only directory it may write in; spilled data goes below it.
  std::vector<input_table> views; ///< Become views; a view of no files is left out.
  std::vector<std::string> readable_files; ///< Further files it may read.
  std::vector<guarded_file> guarded_files; ///< Further files it may read, as `guarded_path(0)` and so on.
  std::vector<std::string> statements;     ///< Run in order. If the last is a query, its result is the output …
  bool is_users_sql = false;               ///< The statements are a user's own text, which messages may quote.
  std::optional<tabular_file> csv;         ///< In place of statements: the file that is the output.
  std::vector<std::string> other_tasks;    ///< Tasks that SQL here may mean, whose tables are not among the views.
  std::string output_name; ///< … else the table or view of this name, if there is one. Its name in checks.
  std::string output_file; ///< Inside `directory`, or else named here so that it may be written. Empty: no output.
  std::string output_format = "parquet"; ///< parquet, csv, json (one list), jsonl.
  std::string output_options;            ///< Further options of COPY, each beginning with a comma.
  std::vector<check_spec> checks;        ///< Run with the output in place.
  std::uint64_t rows_max = 0;            ///< Of the output.
  std::uint64_t memory_bytes = 0;        ///< What queries may use; the process's hard limit lies above it.
  std::uint64_t items_rows_max = 0;      ///< Not 0: the last statement's rows are the answer, as a list of objects …
  std::uint64_t items_bytes_max = 0;     ///< … of at most so many bytes of JSON.
};

/// What a job made.
struct sql_outcome {
  bool has_output = false;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string hash; ///< BLAKE2b-256 of the output file, hex.
  value items;
};

/// A job's failure.
struct sql_failure {
  error why;
  bool retryable = true;
};

[[nodiscard]] value to_value(const sql_job& job);
[[nodiscard]] std::optional<sql_job> sql_job_from(const value& v);

/// Messages between the server and a SQL child: four bytes of length, lowest first, then JSON.
inline constexpr std::size_t sql_frame_bytes_max = 256u << 20;
[[nodiscard]] std::string sql_frame(std::string_view json);

/// Takes the first whole message off `buffer`; nothing if it is not there yet. `broken` turns true if it never will be.
[[nodiscard]] std::optional<std::string> take_sql_frame(std::string& buffer, bool& broken);

/// BLAKE2b-256 of a file's bytes, hex, and its size.
struct file_digest {
  std::string hash;
  std::uint64_t bytes = 0;
};
[[nodiscard]] result<file_digest> digest_file(const std::string& path);

/// `text` as a SQL identifier or literal.
[[nodiscard]] std::string quote_name(std::string_view text);
[[nodiscard]] std::string quote_text(std::string_view text);

} // namespace penstock
