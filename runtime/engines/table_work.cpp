#include "runtime/engines/table_work.hpp"

#include "runtime/engines/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace penstock {

namespace fs = std::filesystem;

namespace {

bool sync_path(const fs::path& path, int flags) {
  const descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  return d && ::fsync(d.get()) == 0;
}

} // namespace

result<void> move_file(const std::string& from, const std::string& to) {
  const auto failed = [&](const std::string& why) {
    return fail(errc::io_failed, "The file " + to + " cannot be written: " + why + ".");
  };
  std::error_code error;
  const fs::path directory = fs::path(to).parent_path();
  fs::create_directories(directory, error);
  if (error) return failed(error.message());
  fs::rename(from, to, error);
  if (error == std::errc::cross_device_link) {
    const std::string beside = to + ".part";
    error.clear();
    fs::copy_file(from, beside, fs::copy_options::overwrite_existing, error);
    if (!error && !sync_path(beside, 0)) return failed(std::strerror(errno));
    if (!error) fs::rename(beside, to, error);
  }
  if (error) return failed(error.message());
  if (!sync_path(directory, O_DIRECTORY)) return failed(std::strerror(errno));
  return {};
}

sql_job table_work::new_job(const attempt_request& request) const {
  sql_job job;
  job.directory = request.work_dir;
  job.views = request.fields.inputs;
  job.output_name = request.task.id;
  job.output_file = request.work_dir + "/output.parquet";
  job.checks = request.fields.checks;
  job.rows_max = settings_.rows_max;
  const value* others = request.fields.config.find("other_tasks");
  if (others && others->as_list())
    for (const value& id : *others->as_list())
      if (const auto* text = id.as_string()) job.other_tasks.push_back(*text);
  return job;
}

void table_work::run(const attempt_pointer& attempt, sql_job job, std::function<void()> left, made_callback made) {
  auto over = [this, attempt, file = job.output_file, left = std::move(left),
               made = std::move(made)](expected<sql_outcome, sql_failure> outcome, const process_end& end) {
    left();
    // What was finished before the stop arrived counts.
    if (outcome) return made(attempt, std::move(*outcome));
    // What was written in part must not stay behind where it can be seen, e.g. in the files directory.
    std::error_code ignored;
    fs::remove(file, ignored);
    if (end.stopped) return attempt->end_cancelled();
    if (end.timed_out) return attempt->fail_timed_out("The SQL");
    if (end.disk_full) return fail_for_disk(attempt, "The SQL", settings_.reserve());
    attempt->fail(std::move(outcome.error().why), outcome.error().retryable);
  };
  const auto number = children_.run(std::move(job), attempt->time_left_ms(), std::move(over));
  attempt->on_cancel([this, number] { children_.stop(number); });
}

void table_work::keep_table(const attempt_pointer& attempt, const sql_outcome& outcome, std::uint64_t bytes) {
  attempt_output out;
  out.bytes = bytes;
  if (outcome.has_output) {
    const auto& request = attempt->request();
    if (auto moved = move_file(request.work_dir + "/output.parquet", request.artifact_file); !moved)
      return attempt->fail(moved.error(), true);
    out.rows = outcome.rows;
    out.bytes = outcome.bytes;
    out.artifacts.push_back({.name = request.task.id + ".parquet",
                             .path = request.artifact_path,
                             .format = "parquet",
                             .rows = outcome.rows,
                             .bytes = outcome.bytes,
                             .hash = outcome.hash});
  }
  attempt->succeed(std::move(out));
}

} // namespace penstock
