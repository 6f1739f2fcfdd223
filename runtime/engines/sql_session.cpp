#include "runtime/engines/sql_session.hpp"

#include "runtime/connectors/open_beneath.hpp"
#include "runtime/engines/csv_words.hpp"
#include "runtime/engines/descriptor.hpp"
#include "runtime/engines/sql_words.hpp"
#include "runtime/model/json.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

namespace penstock {

/// A result, destroyed with it.
struct sql_session::rows {
  const duckdb_api* api = nullptr;
  std::unique_ptr<duckdb_result> data = std::make_unique<duckdb_result>();

  explicit rows(const duckdb_api* a) : api(a) {}
  rows(rows&&) = default;
  rows& operator=(rows&&) = delete;
  ~rows() {
    if (data) api->destroy_result(data.get());
  }

  [[nodiscard]] std::uint64_t count() const { return api->row_count(data.get()); }
  [[nodiscard]] std::uint64_t columns() const { return api->column_count(data.get()); }
  /// A cell of a VARCHAR column; nothing for NULL.
  [[nodiscard]] std::optional<std::string> text(std::uint64_t column, std::uint64_t row) const {
    char* s = api->value_varchar(data.get(), column, row);
    if (!s) return std::nullopt;
    std::string out = s;
    api->free(s);
    return out;
  }
};

namespace {

constexpr std::monostate done{};

unexpected<sql_failure> refuse(errc code, std::string message, bool retryable = false) {
  return unexpected(sql_failure{{code, std::move(message), {}}, retryable});
}

/// Errors that lie in the text of the statement, so that trying again cannot help.
bool is_definition_error(duckdb_error_type type) {
  constexpr std::array ours{DUCKDB_ERROR_PARSER,        DUCKDB_ERROR_SYNTAX,       DUCKDB_ERROR_BINDER,
                            DUCKDB_ERROR_CATALOG,       DUCKDB_ERROR_PERMISSION,   DUCKDB_ERROR_NOT_IMPLEMENTED,
                            DUCKDB_ERROR_OUT_OF_MEMORY, DUCKDB_ERROR_MISMATCH_TYPE};
  return std::find(ours.begin(), ours.end(), type) != ours.end();
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) out += (out.size() > 1 ? "," : "") + quote_text(text);
  return out + "]";
}

std::string copy_options(const sql_job& job) {
  std::string format = job.output_format;
  if (format == "json") format = "json, ARRAY true";
  if (format == "jsonl") format = "json";
  // Without the temporary file beside it, only the very file that was allowed is touched.
  return "(FORMAT " + format + job.output_options + ", USE_TMP_FILE false)";
}

/// Parquet files are durable when the task is recorded as done.
bool sync_file(const std::string& path) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::fdatasync(file.get()) == 0;
}

/// Opens the guarded files under their numbers, for as long as the process lives.
/// @returns what is wrong with one of them; empty if nothing is.
std::string open_guarded(const std::vector<guarded_file>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const descriptor directory(::open(files[i].directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto file = open_beneath(directory.get(), files[i].name, O_RDONLY | O_NONBLOCK);
    struct stat info {};
    if (!file || ::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode) ||
        ::dup3(file->get(), guarded_descriptor(i), O_CLOEXEC) < 0)
      return "The file '" + files[i].name + "' is not there any more, or is not a file.";
  }
  return {};
}

/// The engine's words with the names of guarded files as the user knows them.
std::string with_names(std::string words, const std::vector<guarded_file>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string path = guarded_path(i);
    for (auto at = words.find(path); at != std::string::npos; at = words.find(path, at + files[i].name.size()))
      words.replace(at, path.size(), files[i].name);
  }
  return words;
}

bool is_true(const std::string& text) {
  if (text == "true") return true;
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} && end == text.data() + text.size() && number != 0;
}

} // namespace

result<sql_session> sql_session::open(const duckdb_api& api, duckdb_database database) {
  duckdb_connection connection = nullptr;
  if (api.connect(database, &connection) == DuckDBError) return fail(errc::internal, "DuckDB takes no connection.");
  return sql_session(api, connection);
}

std::optional<std::string> sql_session::syntax_error(const std::string& sql) const {
  duckdb_extracted_statements statements = nullptr;
  std::optional<std::string> out;
  if (api_->extract_statements(connection_, sql.c_str(), &statements) == 0)
    if (const char* words = api_->extract_statements_error(statements)) out = words;
  api_->destroy_extracted(&statements);
  return out;
}

expected<sql_session::rows, sql_failure> sql_session::query(const std::string& sql) const {
  rows out(api_);
  if (api_->query(connection_, sql.c_str(), out.data.get()) != DuckDBError) return out;
  const char* words = api_->result_error(out.data.get());
  const duckdb_error_type type = api_->result_error_type(out.data.get());
  return refuse(errc::task_failed, words ? words : "DuckDB failed without saying why.", !is_definition_error(type));
}

sql_session::nothing_or_failure sql_session::execute(const std::string& sql) const {
  auto out = query(sql);
  if (!out) return unexpected(std::move(out).error());
  return done;
}

sql_session::nothing_or_failure sql_session::lock_down(const sql_job& job) const {
  std::vector<std::string> files = job.readable_files;
  for (const auto& view : job.views) files.insert(files.end(), view.files.begin(), view.files.end());
  for (std::size_t i = 0; i < job.guarded_files.size(); ++i) files.push_back(guarded_path(i));
  if (!job.output_file.empty()) files.push_back(job.output_file);
  const auto threads = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  // The order matters: directories cannot be named once external access is off, and the lock comes last.
  const std::array settings{
    "allowed_directories=" + list_of({job.directory + "/"}),
    "allowed_paths=" + list_of(files),
    "temp_directory=" + quote_text(job.directory + "/spill"),
    "max_temp_directory_size=" + quote_text(std::to_string(8 * job.memory_bytes) + "B"),
    "threads=" + std::to_string(threads),
    "memory_limit=" + quote_text(std::to_string(job.memory_bytes) + "B"),
    std::string("TimeZone='UTC'"),
    std::string("autoinstall_known_extensions=false"),
    std::string("autoload_known_extensions=false"),
    std::string("enable_external_access=false"),
    std::string("lock_configuration=true"),
  };
  for (const auto& setting : settings)
    if (auto set = execute("SET " + setting); !set) return set;
  return done;
}

sql_session::nothing_or_failure sql_session::make_views(const sql_job& job) const {
  for (const auto& view : job.views) {
    if (view.files.empty()) continue;
    const std::string by_name = view.files.size() > 1 ? ", union_by_name=true" : "";
    auto made = execute("CREATE OR REPLACE VIEW " + quote_name(view.name) + " AS SELECT * FROM read_parquet(" +
                        list_of(view.files) + by_name + ")");
    if (!made) return made;
  }
  return done;
}

sql_session::nothing_or_failure sql_session::run_statements(const sql_job& job, sql_outcome& out) const {
  for (std::size_t i = 0; i < job.statements.size(); ++i) {
    const bool last = i + 1 == job.statements.size();
    auto ran = last ? run_last(job, job.statements[i], out) : execute(job.statements[i]);
    if (ran) continue;
    sql_failure failure = std::move(ran).error();
    std::string& words = failure.why.message;
    words = job.is_users_sql ? without_wrapping(std::move(words)) : without_statement(std::move(words));
    words = with_tasks_named(std::move(words), job.other_tasks);
    if (job.statements.size() > 1)
      failure.why.message = "Statement " + std::to_string(i + 1) + " of " + std::to_string(job.statements.size()) +
                            ": " + failure.why.message;
    return unexpected(std::move(failure));
  }
  return done;
}

/// How many lines without anything stand before the first one with something.
std::uint64_t sql_session::blank_lines(const tabular_file& csv) const {
  constexpr int looked_at = 1'000;
  const auto found =
    query("SELECT CAST(min(n) - 1 AS VARCHAR) FROM (SELECT row_number() OVER () n, l FROM (" + csv_lines_query(csv, 0) +
          " LIMIT " + std::to_string(looked_at) + ")) WHERE trim(l, ' \t\r') <> ''");
  std::uint64_t count = 0;
  if (const auto text = found && found->count() == 1 ? found->text(0, 0) : std::nullopt)
    std::from_chars(text->data(), text->data() + text->size(), count);
  return count;
}

std::string sql_session::why_unreadable(const tabular_file& csv, std::uint64_t skipped,
                                        const std::string& words) const {
  if (auto told = csv_mistake(words, csv)) return *told;
  std::size_t columns = csv.format.types.size();
  if (columns == 0)
    if (const auto first = query(csv_lines_query(csv, skipped) + " LIMIT 1"); first && first->count() == 1)
      columns = count_csv_fields(first->text(0, 0).value_or(""), csv.format.delimiter).value_or(0);
  // Names may be fewer than the columns, but not more.
  if (columns > 0) columns = std::max(columns, csv.format.columns.size());
  if (columns > 0)
    if (const auto strict = query(csv_strict_query(csv, skipped, columns)); !strict)
      if (auto told = csv_mistake(strict.error().why.message, csv)) return *told;
  if (words.find("Error when sniffing file") != std::string::npos)
    return "The lines of " + csv.name + " are no CSV with one number of fields.";
  return without_statement(words);
}

sql_session::nothing_or_failure sql_session::run_csv(const sql_job& job, const tabular_file& csv,
                                                     sql_outcome& out) const {
  const std::uint64_t skipped = csv.format.header ? blank_lines(csv) : 0;
  auto copied = copy_output(job, table_query(csv.format, csv.path, skipped), out);
  if (!copied) copied.error().why.message = why_unreadable(csv, skipped, copied.error().why.message);
  return copied;
}

/// What DESCRIBE, SUMMARIZE and SHOW answer is a table only inside a FROM, so both forms are tried.
std::optional<std::string> sql_session::as_query(const std::string& sql) const {
  // A comment may end the statement, so the bracket stands on a line of its own.
  for (const std::string& form : {sql, "SELECT * FROM (" + sql + "\n)"})
    if (!syntax_error("COPY (" + form + "\n) TO 'x' (FORMAT parquet)")) return form;
  return std::nullopt;
}

/// Why a statement cannot be prepared as it was written, so that places in the message are those of the user's text.
std::string sql_session::prepare_error(const std::string& sql) const {
  duckdb_prepared_statement statement = nullptr;
  std::string out;
  if (api_->prepare(connection_, sql.c_str(), &statement) == DuckDBError)
    if (const char* words = api_->prepare_error(statement)) out = words;
  api_->destroy_prepare(&statement);
  return out;
}

sql_session::nothing_or_failure sql_session::run_last(const sql_job& job, const std::string& sql,
                                                      sql_outcome& out) const {
  if (job.items_rows_max > 0) return read_items(job, sql, out);
  if (job.output_file.empty()) return execute(sql);
  if (const auto form = as_query(sql)) {
    auto copied = copy_output(job, *form, out);
    if (copied || copied.error().retryable) return copied;
    sql_failure failure = std::move(copied).error();
    if (auto words = prepare_error(sql); !words.empty() && words.find("multiple statements") == std::string::npos)
      failure.why.message = std::move(words);
    return unexpected(std::move(failure));
  }
  if (auto ran = execute(sql); !ran) return ran;
  auto exists =
    query("SELECT 1 FROM (SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() "
          "WHERE NOT internal) t(name) WHERE name = " +
          quote_text(job.output_name) + " LIMIT 1");
  if (!exists) return unexpected(std::move(exists).error());
  return exists->count() == 0 ? nothing_or_failure(done)
                              : copy_output(job, "SELECT * FROM " + quote_name(job.output_name), out);
}

/// Parquet has no 128-bit integers, which `sum` over integers makes; DuckDB would write them as inexact DOUBLE.
std::string sql_session::for_parquet(const std::string& query_text) const {
  const auto columns = query("DESCRIBE " + query_text);
  std::string casts;
  for (std::uint64_t row = 0; columns && row < columns->count(); ++row) {
    if (columns->text(1, row).value_or("").find("HUGEINT") == std::string::npos) continue;
    const std::string name = quote_name(columns->text(0, row).value_or(""));
    casts += (casts.empty() ? "" : ", ") + ("CAST(" + name + " AS BIGINT) AS ") + name;
  }
  return casts.empty() ? query_text : "SELECT * REPLACE (" + casts + ") FROM (" + query_text + "\n)";
}

sql_session::nothing_or_failure sql_session::copy_output(const sql_job& job, const std::string& query_text,
                                                         sql_outcome& out) const {
  const std::string written = job.output_format == "parquet" ? for_parquet(query_text) : query_text;
  auto copied = query("COPY (" + written + "\n) TO " + quote_text(job.output_file) + " " + copy_options(job));
  if (!copied) return unexpected(std::move(copied).error());
  out.rows = api_->rows_changed(copied->data.get());
  if (out.rows > job.rows_max)
    return refuse(errc::too_large, "The output has " + std::to_string(out.rows) + " rows; at most " +
                                     std::to_string(job.rows_max) + " are taken.");
  auto digest = digest_file(job.output_file);
  if (!digest) return unexpected(sql_failure{std::move(digest).error(), true});
  if (!sync_file(job.output_file)) return refuse(errc::io_failed, "The output file cannot be synced to disk.", true);
  out.has_output = true;
  out.bytes = digest->bytes;
  out.hash = std::move(digest->hash);
  return done;
}

sql_session::nothing_or_failure sql_session::read_items(const sql_job& job, const std::string& query_text,
                                                        sql_outcome& out) const {
  auto found = query("SELECT CAST(to_json(item__) AS VARCHAR) FROM (" + query_text + "\n) item__ LIMIT " +
                     std::to_string(job.items_rows_max + 1));
  if (!found) return unexpected(std::move(found).error());
  if (found->count() > job.items_rows_max)
    return refuse(errc::too_large,
                  "The table has more than " + std::to_string(job.items_rows_max) + " rows; for_each takes no more.");
  std::string text = "[";
  for (std::uint64_t row = 0; row < found->count(); ++row) {
    if (row > 0) text += ',';
    text += found->text(0, row).value_or("null");
    if (text.size() > job.items_bytes_max)
      return refuse(errc::too_large, "The table's rows are larger than " + std::to_string(job.items_bytes_max) +
                                       " bytes as JSON; for_each takes no more.");
  }
  auto items = read_json(text + "]", {.bytes_max = job.items_bytes_max + 1, .depth_max = 64, .nodes_max = 4'000'000});
  if (!items) return refuse(errc::too_large, "The table's rows cannot be items of for_each: " + items.error().message);
  out.items = std::move(*items);
  out.rows = found->count();
  return done;
}

sql_session::nothing_or_failure sql_session::run_checks(const sql_job& job, const sql_outcome& out) const {
  if (job.checks.empty()) return done;
  if (out.has_output) {
    // A text format does not give back every value as it was, so there the query itself is looked at.
    const std::string output = job.output_format == "parquet"
                                 ? "SELECT * FROM read_parquet(" + quote_text(job.output_file) + ")"
                                 : job.statements.back();
    auto made = execute("CREATE OR REPLACE TEMP VIEW " + quote_name(job.output_name) + " AS " + output);
    if (!made) return made;
  }
  for (const auto& check : job.checks)
    if (auto passed = run_check(job, check); !passed) return passed;
  return done;
}

sql_session::nothing_or_failure sql_session::run_check(const sql_job& job, const check_spec& check) const {
  auto answer = query("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (" + check.sql + "\n) LIMIT 1");
  if (!answer) {
    std::string words = prepare_error(check.sql);
    if (words.empty()) words = without_wrapping(answer.error().why.message);
    words = with_tasks_named(std::move(words), job.other_tasks);
    return refuse(errc::task_failed, "The check '" + check.name + "' could not be made: " + words);
  }
  if (answer->count() == 0)
    return refuse(errc::task_failed, "The check '" + check.name + "' failed: its query returned no row.");
  const auto cell = answer->text(0, 0);
  if (cell && is_true(*cell)) return done;
  std::string row = cell.value_or("NULL");
  for (std::uint64_t column = 1; column < answer->columns(); ++column)
    row += ", " + answer->text(column, 0).value_or("NULL");
  return refuse(errc::task_failed, "The check '" + check.name + "' failed: its query returned " + row + ".");
}

expected<sql_outcome, sql_failure> sql_session::run(const sql_job& job) {
  if (auto wrong = open_guarded(job.guarded_files); !wrong.empty())
    return refuse(errc::task_failed, std::move(wrong), true);
  auto out = run_opened(job);
  if (!out) out.error().why.message = with_names(std::move(out.error().why.message), job.guarded_files);
  return out;
}

expected<sql_outcome, sql_failure> sql_session::run_opened(const sql_job& job) {
  sql_outcome out;
  if (auto locked = lock_down(job); !locked) return unexpected(std::move(locked).error());
  if (auto made = make_views(job); !made) return unexpected(std::move(made).error());
  if (auto ran = job.csv ? run_csv(job, *job.csv, out) : run_statements(job, out); !ran)
    return unexpected(std::move(ran).error());
  if (auto checked = run_checks(job, out); !checked) return unexpected(std::move(checked).error());
  return out;
}

} // namespace penstock
