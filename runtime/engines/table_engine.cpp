#include "runtime/engines/table_engine.hpp"

#include "runtime/connectors/connector.hpp"
#include "runtime/plan/sql_split.hpp"

#include <filesystem>

namespace penstock {

namespace {

constexpr std::uint64_t items_rows_max = 100'000;
constexpr std::uint64_t items_bytes_max = 16u << 20;

void keep(const attempt_pointer& attempt, const sql_outcome& outcome) { table_work::keep_table(attempt, outcome); }

/// A mistake of the definition stays one however often it is tried.
bool may_pass_later(errc code) { return code != errc::invalid_argument; }

std::string unknown_connector(const std::string& name, std::string_view use) {
  std::string known;
  for (const auto& c : connectors())
    if (use == "source" ? c.read != nullptr : c.write != nullptr)
      known += (known.empty() ? "" : ", ") + std::string(c.name);
  return "This server has no connector '" + name + "' that can be a " + std::string(use) + "; it has " + known + ".";
}

void finish_sink(const attempt_pointer& attempt, const sink_writing& sink, const sql_outcome& outcome) {
  const auto moved =
    sink.place ? put_file(sink.temporary_file, *sink.place) : move_file(sink.temporary_file, sink.final_file);
  if (!moved) return attempt->fail(moved.error(), true);
  attempt_output out{
    .rows = outcome.rows, .bytes = outcome.bytes, .artifacts = {}, .has_output_file = !sink.path.empty(), .items = {}};
  if (!sink.path.empty())
    out.artifacts.push_back({.name = sink.name,
                             .path = sink.path,
                             .format = sink.format,
                             .rows = outcome.rows,
                             .bytes = outcome.bytes,
                             .hash = outcome.hash});
  attempt->succeed(std::move(out));
}

} // namespace

void table_engine::begin(const attempt_pointer& attempt) {
  if (attempt->request().expand_items) return enter(attempt, &table_engine::do_items);
  switch (attempt->request().task.type) {
    case task_type::sql: return enter(attempt, &table_engine::do_sql);
    case task_type::source: return enter(attempt, &table_engine::do_source);
    default: return enter(attempt, &table_engine::do_sink);
  }
}

void table_engine::begin_checks(const attempt_pointer& attempt) { enter(attempt, &table_engine::do_checks); }

void table_engine::enter(const attempt_pointer& attempt, step next) {
  enter_place(places_, attempt, [this, attempt, next] {
    if (auto begun = attempt->begin(settings_.attempt_timeout_ms); !begun)
      return refuse(attempt, std::move(begun).error());
    std::error_code error;
    std::filesystem::create_directories(attempt->request().work_dir, error);
    if (error)
      return refuse(attempt, {errc::io_failed, "The work directory cannot be made: " + error.message() + ".", {}});
    (this->*next)(attempt);
  });
}

void table_engine::refuse(const attempt_pointer& attempt, error why) {
  places_.leave();
  const bool retryable = may_pass_later(why.code);
  attempt->fail(std::move(why), retryable);
}

void table_engine::run(const attempt_pointer& attempt, sql_job job, table_work::made_callback made) {
  tables_.run(
    attempt, std::move(job), [this] { places_.leave(); }, std::move(made));
}

void table_engine::do_sql(const attempt_pointer& attempt) {
  const auto& request = attempt->request();
  const std::string sql = attempt->config_text("sql");
  const auto statements = split_sql(sql);
  if (statements.empty())
    return refuse(attempt, {errc::invalid_argument, "The task needs 'sql' with at least one statement.", {}});
  sql_job job = tables_.new_job(request);
  job.statements.assign(statements.begin(), statements.end());
  job.is_users_sql = true;
  const std::string alias = attempt->config_text("input_alias");
  if (!alias.empty() && !request.fields.inputs.empty())
    job.views.push_back({alias, request.fields.inputs.back().files});
  run(attempt, std::move(job), &keep);
}

void table_engine::do_source(const attempt_pointer& attempt) {
  const std::string name = attempt->config_text("connector");
  const connector* found = find_connector(name);
  if (!found || !found->read) return refuse(attempt, {errc::invalid_argument, unknown_connector(name, "source"), {}});
  auto reading = found->read(attempt->request(), settings_);
  if (!reading) return refuse(attempt, std::move(reading).error());
  sql_job job = tables_.new_job(attempt->request());
  job.csv = std::move(reading->csv);
  if (!job.csv) job.statements = {std::move(reading->query)};
  job.readable_files = std::move(reading->files);
  job.guarded_files = std::move(reading->guarded_files);
  run(attempt, std::move(job), &keep);
}

void table_engine::do_sink(const attempt_pointer& attempt) {
  const std::string name = attempt->config_text("connector");
  const connector* found = find_connector(name);
  if (!found || !found->write) return refuse(attempt, {errc::invalid_argument, unknown_connector(name, "sink"), {}});
  auto writing = found->write(attempt->request(), settings_);
  if (!writing) return refuse(attempt, std::move(writing).error());
  sql_job job = tables_.new_job(attempt->request());
  job.statements = {writing->query};
  job.output_file = writing->temporary_file;
  job.output_format = writing->format;
  job.output_options = writing->options;
  run(attempt, std::move(job), [sink = std::move(*writing)](const attempt_pointer& done, const sql_outcome& outcome) {
    finish_sink(done, sink, outcome);
  });
}

void table_engine::do_items(const attempt_pointer& attempt) {
  const auto& inputs = attempt->request().fields.inputs;
  if (inputs.empty() || inputs.front().files.empty())
    return refuse(attempt, {errc::task_failed,
                            "The task '" + (inputs.empty() ? std::string{} : inputs.front().name) +
                              "' has no output table whose rows could be the items of for_each.",
                            {}});
  sql_job job = tables_.new_job(attempt->request());
  job.checks.clear();
  job.output_file.clear();
  job.statements = {"SELECT * FROM " + quote_name(inputs.front().name)};
  job.items_rows_max = items_rows_max;
  job.items_bytes_max = items_bytes_max;
  run(attempt, std::move(job), [](const attempt_pointer& done, sql_outcome outcome) {
    done->succeed(
      {.rows = outcome.rows, .bytes = 0, .artifacts = {}, .has_output_file = false, .items = std::move(outcome.items)});
  });
}

void table_engine::do_checks(const attempt_pointer& attempt) {
  run(attempt, tables_.new_job(attempt->request()), &keep);
}

} // namespace penstock
